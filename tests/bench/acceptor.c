/* Accepts and closes as fast as one thread can: the other end for connects.py. Writes its port to
   standard output and ends with standard input. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) fail("socket");
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  if (listen(listener, 4096) != 0) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &size) != 0) fail("getsockname");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  int loop = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event ready = {.events = EPOLLIN, .data.fd = listener};
  if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, listener, &ready) != 0) fail("epoll");
  struct epoll_event end = {.events = EPOLLIN | EPOLLHUP, .data.fd = STDIN_FILENO};
  if (epoll_ctl(loop, EPOLL_CTL_ADD, STDIN_FILENO, &end) != 0) fail("epoll stdin");
  for (;;) {
    struct epoll_event events[2];
    int count = epoll_wait(loop, events, 2, -1);
    for (int i = 0; i < count; ++i)
      if (events[i].data.fd == STDIN_FILENO) return 0;
    for (;;) {
      int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) break;
      close(fd);
    }
  }
}
