#include "tls/tls_session.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "gladhand/endpoint.hpp"
#include "gladhand/error.hpp"

namespace gladhand {

namespace {

constexpr const char* plain_hint = "a proxy without TLS is given as http://HOST:PORT";

std::string reason_of(unsigned long error) {
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "no reason is given";
}

bool is_set(const char* variable) {
  return std::getenv(variable) != nullptr;
}

// Certificates that are found by the hash of their names.
bool has_hashes(const char* folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error))
    if (it->path().extension() == ".0") return true;
  return false;
}

// Most systems have their authorities twice: in one file, all of which would be read (23 ms), and
// in a folder, of which just the one that is needed is.
bool trust_system(ssl_ctx_st* context) {
  const bool is_told =
      is_set(X509_get_default_cert_file_env()) || is_set(X509_get_default_cert_dir_env());
  if (!is_told && has_hashes(X509_get_default_cert_dir()))
    return SSL_CTX_set_default_verify_dir(context) == 1;
  return SSL_CTX_set_default_verify_paths(context) == 1;
}

bool trust(ssl_ctx_st* context, const std::string& authorities) {
  if (authorities.empty()) return trust_system(context);
  return SSL_CTX_load_verify_locations(context, authorities.c_str(), nullptr) == 1;
}

// Who must be there: an address is no name [RFC 6066 §3].
bool expect(ssl_st* session, const std::string& name) {
  X509_VERIFY_PARAM* rules = SSL_get0_param(session);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (parse_address(name, 0)) return X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) == 1;
  return SSL_set1_host(session, name.c_str()) == 1 &&
         SSL_set_tlsext_host_name(session, name.c_str()) == 1;
}

TlsFailure distrust(long fault, const std::string& name, bool has_own_authorities) {
  switch (fault) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return {"its certificate has expired"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {"its certificate is not valid yet", "is the clock of this machine right?"};
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {"its certificate is not for " + in_quotes(name),
              "the URL must name the proxy as its certificate does"};
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return {"its certificate is from nobody who is trusted",
              has_own_authorities ? "--proxy-ca names others"
                                  : "give the authority's certificate with --proxy-ca"};
    default:
      return {std::string("its certificate is refused: ") + X509_verify_cert_error_string(fault)};
  }
}

}  // namespace

void TlsSession::Free::operator()(ssl_ctx_st* it) const {
  SSL_CTX_free(it);
}

void TlsSession::Free::operator()(ssl_st* it) const {
  SSL_free(it);
}

TlsSession::TlsSession(int socket, const std::string& name, const std::string& authorities)
    : socket_(socket), name_(name), has_own_authorities_(!authorities.empty()) {
  constexpr unsigned char only_http1[] = "\x08http/1.1";
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) {
    fault_ = {"TLS cannot be set up: " + reason_of(ERR_get_error())};
    return;
  }
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context_.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context_.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
  if (!trust(context_.get(), authorities)) {
    fault_ = {"the trusted certificates cannot be read: " + reason_of(ERR_get_error())};
    return;
  }
  // A certificate that the user names is trusted, whoever has signed it.
  if (has_own_authorities_)
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context_.get()), X509_V_FLAG_PARTIAL_CHAIN);
  session_.reset(SSL_new(context_.get()));
  if (!session_ || !expect(session_.get(), name) ||
      SSL_set_alpn_protos(session_.get(), only_http1, sizeof(only_http1) - 1) != 0 ||
      SSL_set_wfd(session_.get(), socket) != 1) {
    fault_ = {"TLS cannot be set up: " + reason_of(ERR_get_error())};
    return;
  }
  SSL_set0_rbio(session_.get(), BIO_new(BIO_s_mem()));  // with nothing in it, for now
}

TlsSession::~TlsSession() = default;

TlsSession::Step TlsSession::step_of(int result) const {
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_NONE: return Step::done;
    case SSL_ERROR_WANT_READ: return Step::wants_read;
    case SSL_ERROR_WANT_WRITE: return Step::wants_write;
    case SSL_ERROR_ZERO_RETURN: return Step::ended;
    case SSL_ERROR_SYSCALL: return errno == 0 ? Step::ended : Step::failed;
    default: return Step::failed;
  }
}

// It reads from the socket only once all that it has to say first is said.
TlsSession::Step TlsSession::connect() {
  ERR_clear_error();
  errno = 0;
  const Step step = step_of(SSL_connect(session_.get()));
  if (!listens_ && step == Step::wants_read) listens_ = SSL_set_rfd(session_.get(), socket_) == 1;
  return step;
}

TlsSession::Step TlsSession::shake_hands() {
  if (fault_) return Step::failed;
  const Step step = connect();
  if (step == Step::ended) {
    fault_ = {"closed the connection in the TLS handshake", plain_hint};
    return Step::failed;
  }
  if (step != Step::failed) return step;
  const int error = errno;
  const long fault = SSL_get_verify_result(session_.get());
  if (fault != X509_V_OK)
    fault_ = distrust(fault, name_, has_own_authorities_);
  else if (const unsigned long queued = ERR_get_error(); queued != 0)
    fault_ = {"no TLS handshake: " + reason_of(queued)};
  else
    fault_ = {"no TLS handshake: " + system_words(error), error == ECONNRESET ? plain_hint : ""};
  return step;
}

TlsFailure TlsSession::failure() const {
  return fault_.value_or(TlsFailure{});
}

TlsSession::Moved TlsSession::read(std::span<char> into) {
  std::size_t bytes = 0;
  ERR_clear_error();
  errno = 0;
  const Step step = step_of(SSL_read_ex(session_.get(), into.data(), into.size(), &bytes));
  return {step, bytes};
}

TlsSession::Moved TlsSession::write(std::string_view bytes) {
  std::size_t written = 0;
  ERR_clear_error();
  errno = 0;
  const Step step = step_of(SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &written));
  return {step, written};
}

TlsSession::Step TlsSession::end() {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_shutdown(session_.get());
  return result >= 0 ? Step::done : step_of(result);
}

std::string TlsSession::library() {
  return OpenSSL_version(OPENSSL_VERSION);
}

}  // namespace gladhand
