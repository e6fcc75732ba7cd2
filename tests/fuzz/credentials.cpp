// A file has credentials, has none, or has a line that is no URL. Comments change nothing.
#include "fuzz.hpp"
#include "gladhand/error.hpp"
#include "proxy/proxy.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string file(fuzz::text_of(data, size));
  const gladhand::Proxy proxy = gladhand::parse_proxy("http://proxy.example:3128");
  try {
    const auto found = gladhand::find_credentials(file, proxy);
    fuzz::check(gladhand::find_credentials("# comment\n" + file, proxy) == found);
    const auto with_last =
        gladhand::find_credentials(file + "\nhttp://a:b@proxy.example:3128", proxy);
    fuzz::check(with_last == found.value_or(gladhand::Credentials{"a", "b"}));
  } catch (const gladhand::Error& error) {
    fuzz::check_printable(error.what());
    fuzz::check(std::string_view(error.what()).starts_with("line "));
  }
  return 0;
}
