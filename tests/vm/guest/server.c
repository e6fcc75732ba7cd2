/* Listens, and returns to its caller only then; stays in the background. Every client gets a
 * greeting at once, then its own bytes back until it has no more.
 *
 *   server tcp|mptcp|sctp ADDRESS PORT
 *   server vsock PORT */
#include <arpa/inet.h>
#include <err.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int protocol_of(const char* name) {
  if (strcmp(name, "tcp") == 0) return IPPROTO_TCP;
  if (strcmp(name, "mptcp") == 0) return IPPROTO_MPTCP;
  if (strcmp(name, "sctp") == 0) return IPPROTO_SCTP;
  errx(64, "no protocol '%s'", name);
}

static int listener(int protocol, const struct sockaddr* address, socklen_t size) {
  int fd = socket(address->sa_family, SOCK_STREAM, protocol);
  if (fd < 0) err(1, "socket");
  if (bind(fd, address, size) != 0) err(1, "bind");
  if (listen(fd, 16) != 0) err(1, "listen");
  return fd;
}

static int listen_on(const char* protocol, const char* address, const char* port) {
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = v6.sin6_port};
  if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
    return listener(protocol_of(protocol), (struct sockaddr*)&v6, sizeof v6);
  if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
    return listener(protocol_of(protocol), (struct sockaddr*)&v4, sizeof v4);
  errx(64, "no address '%s'", address);
}

static int listen_on_vsock(const char* port) {
  struct sockaddr_vm address = {
      .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = (unsigned)atoi(port)};
  return listener(0, (struct sockaddr*)&address, sizeof address);
}

static void serve(int fd, const char* protocol) {
  char bytes[4096];
  ssize_t size = snprintf(bytes, sizeof bytes, "SSH-2.0-over_%s\r\n", protocol);
  while (size > 0 && send(fd, bytes, (size_t)size, MSG_NOSIGNAL) == size)
    size = recv(fd, bytes, sizeof bytes, 0);
}

int main(int argc, char** argv) {
  int is_vsock = argc == 3 && strcmp(argv[1], "vsock") == 0;
  if (!is_vsock && argc != 4) errx(64, "usage: server PROTOCOL ADDRESS PORT, or server vsock PORT");
  int fd = is_vsock ? listen_on_vsock(argv[2]) : listen_on(argv[1], argv[2], argv[3]);
  signal(SIGCHLD, SIG_IGN);
  if (daemon(0, 0) != 0) err(1, "daemon");
  for (;;) {
    int client = accept(fd, NULL, NULL);
    if (client < 0) err(1, "accept");
    if (fork() == 0) {
      serve(client, argv[1]);
      _exit(0);
    }
    close(client);
  }
}
