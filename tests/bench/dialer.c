/* The floor: the least a dialer can do. One connect, address after address, and the hand-over.
 * No race, no timeout, no options, no messages worth reading. Linked statically.
 *
 *   dialer HOST PORT      (PORT is a number) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int connected(const struct sockaddr *address, socklen_t length) {
  int fd = socket(address->sa_family, SOCK_STREAM, 0);
  if (fd >= 0 && connect(fd, address, length) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

static int dial_name(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *list = NULL;
  if (getaddrinfo(host, port, &hints, &list) != 0) return -1;
  for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
    int fd = connected(a->ai_addr, a->ai_addrlen);
    if (fd >= 0) return fd;
  }
  return -1;
}

static int dial(const char *host, const char *port) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = v4.sin_port};
  if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
    return connected((const struct sockaddr *)&v4, sizeof v4);
  if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
    return connected((const struct sockaddr *)&v6, sizeof v6);
  return dial_name(host, port);
}

static int pass(int fd) {
  char byte = 0;
  struct iovec iov = {.iov_base = &byte, .iov_len = 1};
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

  control.header.cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  msg.msg_control = control.bytes;
  msg.msg_controllen = sizeof control.bytes;
  return sendmsg(1, &msg, MSG_NOSIGNAL) == 1 ? 0 : 71;
}

int main(int argc, char **argv) {
  if (argc != 3) _exit(64);
  int fd = dial(argv[1], argv[2]);
  if (fd < 0) _exit(69);
  _exit(pass(fd));
}
