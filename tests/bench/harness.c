/* Starts commands the way ssh starts an fd-passing ProxyCommand, one after the other, and prints one
 * CSV line per run: how long until the descriptor was here, how long until the process was reaped,
 * its processor time, peak memory and page faults. A command that does not pass exactly one byte with one connected TCP socket,
 * or ends with another status than 0, ends the measurement: a wrong hand-over has no speed.
 *
 *   harness [-m shell|exec|plain] [-n ROUNDS] [-w WARM-UP ROUNDS] [-t SECONDS] @NAME[:EVERY] COMMAND ...
 *
 * shell: COMMAND is one argument, given to /bin/sh -c "exec COMMAND". exec: an argument vector.
 * plain: an argument vector that passes nothing; only its run time counts (a whole ssh login).
 * EVERY: take part only in every so-manieth round, for slow commands. SECONDS: limit of one run. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum mode { MODE_SHELL, MODE_EXEC, MODE_PLAIN };

struct contestant {
  const char *name;
  int every;
  char **argv;
};

struct sample {
  const char *name;
  int round;
  int64_t to_fd;
  int64_t to_reaped;
  int64_t cpu;
  long maxrss;
  long page_faults;
  int family;
};

static volatile pid_t running;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("harness: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(1);
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* One run took too long. Only async-signal-safe calls here. */
static void out_of_time(int sig) {
  static const char text[] = "harness: a command did not finish within its limit\n";
  (void)sig;
  if (running > 0) kill(running, SIGKILL);
  if (write(2, text, sizeof text - 1) < 0) _exit(2);
  _exit(1);
}

/* ssh has nothing open but 0, 1 and 2 when it starts a ProxyCommand. */
static void close_all_but_stdio(void) {
  if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0) return;
  for (int fd = 3; fd < 1024; ++fd) close(fd);
}

/* In the child: the socket becomes fd 0 and fd 1, fd 2 stays, SIGPIPE stays ignored. */
__attribute__((noreturn)) static void become(const struct contestant *c, int fd) {
  if (dup2(fd, 0) < 0 || dup2(fd, 1) < 0) _exit(126);
  close(fd);
  execvp(c->argv[0], c->argv);
  fprintf(stderr, "harness: cannot start %s: %s\n", c->argv[0], strerror(errno));
  _exit(127);
}

/* Receives as ssh does: one byte, room for one descriptor, no flags. NULL or what was wrong. */
static const char *receive_fd(int from, int *fd) {
  char byte;
  struct iovec iov = {.iov_base = &byte, .iov_len = 1};
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  ssize_t n;

  msg.msg_control = control.bytes;
  msg.msg_controllen = sizeof control.bytes;
  do n = recvmsg(from, &msg, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0) return strerror(errno);
  if (n == 0) return "ended without passing a descriptor";

  const struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
  if (c == NULL) return "wrote a byte without a descriptor";
  if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) return "sent another control message";
  if (c->cmsg_len != CMSG_LEN(sizeof(int)) || (msg.msg_flags & MSG_CTRUNC) != 0)
    return "passed more than one descriptor";
  memcpy(fd, CMSG_DATA(c), sizeof *fd);
  return NULL;
}

/* After the end of the process: nothing may follow the one byte, and the descriptor is a connection. */
static const char *check_passed(int from, int fd, int *family) {
  struct sockaddr_storage peer;
  socklen_t len = sizeof peer;
  int type = 0;
  socklen_t type_len = sizeof type;
  char byte;

  if (recv(from, &byte, 1, MSG_DONTWAIT) != 0) return "sent more than one byte, or left its end open";
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) != 0 || type != SOCK_STREAM)
    return "passed something that is no stream socket";
  if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0) return "passed a socket without a peer";
  if (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) return "passed a socket that is not TCP";
  *family = peer.ss_family == AF_INET6 ? 6 : 4;
  return NULL;
}

static int64_t nanoseconds(struct timeval t) {
  return (int64_t)t.tv_sec * 1000000000 + t.tv_usec * 1000;
}

static void reap(const char *name, pid_t pid, struct sample *s, const char *problem) {
  struct rusage usage;
  int status = 0;
  while (wait4(pid, &status, 0, &usage) < 0)
    if (errno != EINTR) fail("wait4: %s", strerror(errno));
  s->to_reaped = now();
  running = 0;
  s->cpu = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
  s->maxrss = usage.ru_maxrss;
  s->page_faults = usage.ru_minflt + usage.ru_majflt;
  if (problem == NULL && status != 0) problem = "did not end with status 0";
  if (problem != NULL && WIFSIGNALED(status)) fail("%s: %s (signal %d)", name, problem, WTERMSIG(status));
  if (problem != NULL) fail("%s: %s (status %d)", name, problem, WEXITSTATUS(status));
}

static struct sample dial(const struct contestant *c) {
  struct sample s = {.name = c->name};
  const char *problem;
  int pair[2];
  int fd = -1;

  int64_t start = now();
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) fail("socketpair: %s", strerror(errno));
  pid_t pid = fork();
  if (pid < 0) fail("fork: %s", strerror(errno));
  if (pid == 0) {
    close(pair[1]);
    become(c, pair[0]);
  }
  running = pid;
  close(pair[0]);
  problem = receive_fd(pair[1], &fd);
  s.to_fd = now() - start;
  reap(c->name, pid, &s, problem);
  s.to_reaped -= start;

  problem = check_passed(pair[1], fd, &s.family);
  if (problem != NULL) fail("%s: %s", c->name, problem);
  close(fd);
  close(pair[1]);
  return s;
}

static struct sample run_plain(const struct contestant *c) {
  struct sample s = {.name = c->name};
  int64_t start = now();
  pid_t pid = fork();
  if (pid < 0) fail("fork: %s", strerror(errno));
  if (pid == 0) become(c, open("/dev/null", O_RDWR));
  running = pid;
  reap(c->name, pid, &s, NULL);
  s.to_reaped -= start;
  return s;
}

/* Each round every contestant runs once; the start rotates and the direction alternates, so that
 * nobody always runs first and nobody always runs after the same neighbour. */
static size_t turn(size_t count, int round, size_t k) {
  size_t start = (size_t)(round / 2) % count;
  return round % 2 == 0 ? (start + k) % count : (start + count - k) % count;
}

static char **shell_command(char **argv) {
  static char shell[] = "/bin/sh", dash_c[] = "-c";
  char **sh = calloc(4, sizeof *sh);
  if (sh == NULL || argv[0] == NULL || argv[1] != NULL) fail("mode shell wants one argument per command");
  sh[0] = shell;
  sh[1] = dash_c;
  if (asprintf(&sh[2], "exec %s", argv[0]) < 0) fail("no memory");
  return sh;
}

/* Cuts argv at each @NAME[:EVERY]. Returns how many contestants there are. */
static size_t parse_contestants(char **argv, enum mode mode, struct contestant *out, size_t room) {
  size_t count = 0;
  if (*argv == NULL || **argv != '@') fail("no @NAME");
  for (; *argv != NULL; ++argv) {
    if (**argv != '@') continue;
    if (count == room) fail("too many commands");
    char *colon = strchr(*argv, ':');
    if (colon != NULL) *colon = '\0';
    out[count].name = *argv + 1;
    out[count].every = colon != NULL ? atoi(colon + 1) : 1;
    out[count].argv = argv + 1;
    if (out[count].every < 1) fail("%s: EVERY must be at least 1", out[count].name);
    ++count;
    *argv = NULL;
    while (argv[1] != NULL && *argv[1] != '@') ++argv;
  }
  for (size_t i = 0; i < count; ++i) {
    if (out[i].argv[0] == NULL) fail("%s: no command", out[i].name);
    if (mode == MODE_SHELL) out[i].argv = shell_command(out[i].argv);
  }
  return count;
}

static enum mode parse_mode(const char *word) {
  if (strcmp(word, "shell") == 0) return MODE_SHELL;
  if (strcmp(word, "exec") == 0) return MODE_EXEC;
  if (strcmp(word, "plain") == 0) return MODE_PLAIN;
  fail("unknown mode %s", word);
}

int main(int argc, char **argv) {
  enum mode mode = MODE_EXEC;
  int rounds = 10, warm_up = 2, limit = 30, option;
  struct contestant contestants[16];
  size_t count, taken = 0;

  while ((option = getopt(argc, argv, "+m:n:w:t:")) != -1) {
    if (option == 'm') mode = parse_mode(optarg);
    else if (option == 'n') rounds = atoi(optarg);
    else if (option == 'w') warm_up = atoi(optarg);
    else if (option == 't') limit = atoi(optarg);
    else return 64;
  }
  if (rounds < 1 || warm_up < 0 || limit < 1) fail("numbers out of range");
  count = parse_contestants(argv + optind, mode, contestants, 16);
  struct sample *samples = calloc((size_t)rounds * count, sizeof *samples);
  if (samples == NULL) fail("no memory");

  close_all_but_stdio();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGALRM, out_of_time);
  for (int round = -warm_up; round < rounds; ++round) {
    for (size_t k = 0; k < count; ++k) {
      int order = round + warm_up;
      const struct contestant *c = &contestants[turn(count, order, k)];
      if (round % c->every != 0) continue;
      alarm((unsigned)limit);
      struct sample s = mode == MODE_PLAIN ? run_plain(c) : dial(c);
      alarm(0);
      s.round = round;
      if (round >= 0) samples[taken++] = s;
    }
  }
  puts("name,round,to_fd_ns,to_reaped_ns,cpu_ns,maxrss_kib,page_faults,family");
  for (size_t i = 0; i < taken; ++i)
    printf("%s,%d,%lld,%lld,%lld,%ld,%ld,%d\n", samples[i].name, samples[i].round, (long long)samples[i].to_fd,
           (long long)samples[i].to_reaped, (long long)samples[i].cpu, samples[i].maxrss, samples[i].page_faults, samples[i].family);
  return fflush(stdout) == 0 ? 0 : 1;
}
