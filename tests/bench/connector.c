/* Connects and closes as fast as one thread can: the measure for gladhand-bench --flood --reset.

       connector blocking PORT COUNT
       connector epoll PORT COUNT AT_ONCE

   Writes connects a second. The epoll loop checks each connect, sets what a reset close needs and
   nothing else. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in address = {.sin_family = AF_INET};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void close_with_reset(int fd) {
  struct linger none = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close(fd);
}

static void connect_blocking(long count) {
  for (long i = 0; i < count; ++i) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    close_with_reset(fd);
  }
}

static void begin(int loop) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
    fail("connect");
  struct epoll_event event = {.events = EPOLLOUT, .data.fd = fd};
  if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

static void connect_by_epoll(long count, long at_once) {
  int loop = epoll_create1(EPOLL_CLOEXEC);
  long begun = 0, ended = 0;
  for (; begun < at_once && begun < count; ++begun) begin(loop);
  while (ended < count) {
    struct epoll_event events[128];
    int ready = epoll_wait(loop, events, 128, -1);
    for (int i = 0; i < ready; ++i) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(events[i].data.fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) {
        errno = error;
        fail("connect");
      }
      close_with_reset(events[i].data.fd);
      ++ended;
      if (begun < count) {
        begin(loop);
        ++begun;
      }
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 64;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons((unsigned short)atoi(argv[2]));
  long count = atol(argv[3]);
  double start = now();
  if (strcmp(argv[1], "blocking") == 0)
    connect_blocking(count);
  else
    connect_by_epoll(count, argc > 4 ? atol(argv[4]) : 1);
  printf("%.0f\n", (double)count / (now() - start));
  return 0;
}
