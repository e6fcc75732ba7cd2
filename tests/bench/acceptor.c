/* Accepts and closes as fast as one thread can, at 127.0.0.1 and, where there is one, at the same port of
   ::1: the other end for connects.py. Writes its port to standard output and ends with standard input.

   It never sleeps: who has to wake it up pays for an interrupt of another processor, the more often the
   slower it is, and on a virtual machine that is as much as the connect. */
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

static int listen_at(const struct sockaddr *address, socklen_t size) {
  int listener = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, address, size) != 0 || listen(listener, 4096) != 0) return -1;
  return listener;
}

static void watch(int loop, int fd) {
  struct epoll_event ready = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &ready) != 0) fail("epoll");
}

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = listen_at((struct sockaddr *)&address, sizeof address);
  if (listener < 0) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &size) != 0) fail("getsockname");
  struct sockaddr_in6 beside = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  beside.sin6_port = address.sin_port;
  int listener6 = listen_at((struct sockaddr *)&beside, sizeof beside);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  int loop = epoll_create1(EPOLL_CLOEXEC);
  if (loop < 0) fail("epoll");
  watch(loop, listener);
  if (listener6 >= 0) watch(loop, listener6);
  struct epoll_event end = {.events = EPOLLIN | EPOLLHUP, .data.fd = STDIN_FILENO};
  if (epoll_ctl(loop, EPOLL_CTL_ADD, STDIN_FILENO, &end) != 0) fail("epoll stdin");
  for (;;) {
    struct epoll_event events[3];
    int count = epoll_wait(loop, events, 3, 0);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.fd == STDIN_FILENO) return 0;
      for (;;) {
        int fd = accept4(events[i].data.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) break;
        close(fd);
      }
    }
  }
}
