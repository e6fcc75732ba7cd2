/* Runs COMMAND as ssh runs a ProxyCommand that passes a descriptor: fds 0 and 1 are one end of an
 * AF_UNIX stream socketpair. Waits for its end, then prints what it passed and what came over that,
 * as JSON. COMMAND's errors are left where they go; its exit status is in the JSON.
 *
 *   receiver COMMAND ARGUMENT... */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 60 }; /* seconds for all of it */
enum { LEVEL_MPTCP = 284, MPTCP_INFORMATION = 1, SCTP_NO_DELAY = 3 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static pid_t start(char** command, int theirs) {
  pid_t child = fork();
  if (child < 0) err(1, "fork");
  if (child > 0) return child;
  dup2(theirs, 0);
  dup2(theirs, 1);
  execvp(command[0], command);
  err(127, "%s", command[0]);
}

/* The one descriptor of the one message, or -1. */
static int receive(int ours, ssize_t* size) {
  char bytes[64];
  struct iovec place = {.iov_base = bytes, .iov_len = sizeof bytes};
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr message = {.msg_iov = &place,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  int fd = -1;
  *size = recvmsg(ours, &message, MSG_CMSG_CLOEXEC);
  if (*size > 0 && message.msg_controllen >= CMSG_LEN(sizeof fd) &&
      control.header.cmsg_type == SCM_RIGHTS)
    memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
  return fd;
}

static int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

static int is_nagle_off(int fd) {
  if (option(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_SCTP)
    return option(fd, IPPROTO_SCTP, SCTP_NO_DELAY) == 1;
  return option(fd, IPPROTO_TCP, TCP_NODELAY) == 1;
}

static void print_peer(int fd) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_vm vm;
  } peer = {.any = {.sa_family = AF_UNSPEC}};
  socklen_t size = sizeof peer;
  char text[INET6_ADDRSTRLEN] = "";
  if (getpeername(fd, &peer.any, &size) != 0) err(1, "getpeername");
  if (peer.any.sa_family == AF_INET)
    inet_ntop(AF_INET, &peer.v4.sin_addr, text, sizeof text);
  else if (peer.any.sa_family == AF_INET6)
    inet_ntop(AF_INET6, &peer.v6.sin6_addr, text, sizeof text);
  else if (peer.any.sa_family == AF_VSOCK)
    snprintf(text, sizeof text, "%u", peer.vm.svm_cid);
  unsigned port = peer.any.sa_family == AF_VSOCK ? peer.vm.svm_port : ntohs(peer.v4.sin_port);
  printf(", \"peer\": [\"%s\", %u]", text, port);
}

/* A line of the peer's, which has no quote in it, without its end. */
static void print_line(const char* name, int fd) {
  char line[256] = "";
  size_t length = 0;
  while (length < sizeof line - 1 && recv(fd, line + length, 1, 0) == 1 && line[length] != '\n')
    length++;
  printf(", \"%s\": \"%.*s\"", name, (int)strcspn(line, "\r\n"), line);
}

static void print_socket(int fd) {
  char information[256];
  socklen_t size = sizeof information;
  int is_mptcp = getsockopt(fd, LEVEL_MPTCP, MPTCP_INFORMATION, information, &size) == 0;
  printf(", \"family\": %d, \"type\": %d, \"protocol\": %d",
         option(fd, SOL_SOCKET, SO_DOMAIN),
         option(fd, SOL_SOCKET, SO_TYPE),
         option(fd, SOL_SOCKET, SO_PROTOCOL));
  printf(", \"blocking\": %d, \"keepalive\": %d, \"nagle_off\": %d, \"mptcp\": %d",
         (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0,
         option(fd, SOL_SOCKET, SO_KEEPALIVE),
         is_nagle_off(fd),
         is_mptcp);
  print_peer(fd);
  print_line("greeting", fd);
  if (send(fd, "there and back\n", 15, MSG_NOSIGNAL) != 15) err(1, "send");
  print_line("echo", fd);
}

int main(int argc, char** argv) {
  int pair[2], status;
  ssize_t size;
  if (argc < 2) errx(64, "usage: receiver COMMAND ARGUMENT...");
  alarm(PATIENCE);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) err(1, "socketpair");
  double begin = now();
  pid_t child = start(argv + 1, pair[1]);
  close(pair[1]);
  int fd = receive(pair[0], &size);
  double seconds = now() - begin;
  if (waitpid(child, &status, 0) != child) err(1, "waitpid");
  printf("{\"status\": %d, \"bytes\": %zd, \"seconds\": %.6f",
         WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
         size,
         seconds);
  if (fd >= 0) print_socket(fd);
  puts("}");
}
