/* The other side of every measured connect, so that nothing slow sits in the timed path:
 * a TCP listener on all addresses (accepts, keeps the latest connections open, sends nothing) and a
 * DNS server on 127.0.0.1:53 that answers at once: A 127.0.0.1 and AAAA ::1 for every name under
 * bench.test, no such name for all others, and never an AAAA answer for mute.bench.test.
 * Prints "ready" when it serves and ends at the end of its standard input. For a namespace only.
 *
 *   responder TCP-PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 12, MESSAGE = 512, TYPE_A = 1, TYPE_AAAA = 28, KEPT = 64 };

static const unsigned char zone[] = "\5bench\4test"; /* with the final zero: the root label */

static int listen_tcp(const char *port) {
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
  int off = 0, on = 1;
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd, (const struct sockaddr *)&any, sizeof any) != 0 || listen(fd, 128) != 0) {
    perror("responder: TCP");
    exit(1);
  }
  return fd;
}

static int bind_dns(void) {
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(53)};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (const struct sockaddr *)&local, sizeof local) != 0) {
    perror("responder: DNS");
    exit(1);
  }
  return fd;
}

/* Where the question's name ends (behind the root label), 0 if it does not. */
static size_t end_of_name(const unsigned char *query, size_t size) {
  size_t at = HEADER;
  while (at < size && query[at] != 0) {
    if (query[at] > 63) return 0;
    at += query[at] + 1u;
  }
  return at < size ? at + 1 : 0;
}

static int in_zone(const unsigned char *query, size_t end) {
  return end >= HEADER + sizeof zone &&
         strncasecmp((const char *)query + end - sizeof zone, (const char *)zone, sizeof zone - 1) == 0;
}

static int is_mute(const unsigned char *query) {
  return strncasecmp((const char *)query + HEADER, "\4mute", 5) == 0;
}

/* Appends one record that points back to the question's name. Returns the new size. */
static size_t append_record(unsigned char *out, size_t at, int type) {
  static const unsigned char fixed[] = {0xc0, HEADER, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0};
  size_t length = type == TYPE_A ? 4 : 16;
  memcpy(out + at, fixed, sizeof fixed);
  out[at + 3] = (unsigned char)type;
  out[at + 11] = (unsigned char)length;
  at += sizeof fixed;
  if (type == TYPE_A)
    memcpy(out + at, "\x7f\0\0\1", 4);
  else
    memcpy(out + at, &in6addr_loopback, 16);
  return at + length;
}

/* Writes the answer to a query; 0 where silence is the answer. */
static size_t answer(const unsigned char *query, size_t size, unsigned char *out) {
  if (size < HEADER + 5 || (query[2] & 0x80) != 0 || query[4] != 0 || query[5] != 1) return 0;
  size_t end = end_of_name(query, size);
  if (end == 0 || end + 4 > size) return 0;
  int type = query[end] << 8 | query[end + 1];
  int known = in_zone(query, end);
  if (known && type == TYPE_AAAA && is_mute(query)) return 0;

  size_t at = end + 4;
  memcpy(out, query, at);
  memset(out + 6, 0, 6);
  out[2] = (unsigned char)(0x84 | (query[2] & 0x01)); /* answer, authoritative, RD as asked */
  out[3] = known ? 0x80 : 0x83;                       /* recursion available, no such name */
  if (!known || (type != TYPE_A && type != TYPE_AAAA)) return at;
  out[7] = 1;
  return append_record(out, at, type);
}

static void serve_dns(int fd) {
  unsigned char query[MESSAGE], reply[MESSAGE + 32];
  struct sockaddr_storage from;
  socklen_t length = sizeof from;
  ssize_t n = recvfrom(fd, query, sizeof query, 0, (struct sockaddr *)&from, &length);
  if (n <= 0) return;
  size_t size = answer(query, (size_t)n, reply);
  if (size > 0 && sendto(fd, reply, size, 0, (const struct sockaddr *)&from, length) < 0)
    perror("responder: sendto");
}

/* The client closes first; ours are closed when their place is needed. */
static void serve_tcp(int fd) {
  static int kept[KEPT];
  static size_t next;
  int connection = accept(fd, NULL, NULL);
  if (connection < 0) return;
  if (kept[next] > 0) close(kept[next]);
  kept[next] = connection;
  next = (next + 1) % KEPT;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fputs("usage: responder TCP-PORT\n", stderr);
    return 64;
  }
  struct pollfd watched[] = {
      {.fd = 0, .events = POLLIN},
      {.fd = listen_tcp(argv[1]), .events = POLLIN},
      {.fd = bind_dns(), .events = POLLIN},
  };
  puts("ready");
  fflush(stdout);
  while (poll(watched, 3, -1) > 0) {
    if (watched[1].revents != 0) serve_tcp(watched[1].fd);
    if (watched[2].revents != 0) serve_dns(watched[2].fd);
    if (watched[0].revents != 0) return 0;
  }
  perror("responder: poll");
  return 1;
}
