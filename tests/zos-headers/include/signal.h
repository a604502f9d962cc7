/* Go, zerrors, for the numbers; ACS BPX4SWT for the 8 bytes of a set. */
#ifndef ZOS_SIGNAL_H
#define ZOS_SIGNAL_H
#include <sys/types.h>
#define SIGHUP 1
#define SIGINT 2
#define SIGABRT 3
#define SIGSTOP 7
#define SIGKILL 9
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGUSR1 16
#define SIGUSR2 17
#define SIGCONT 19
#define SIGCHLD 20
#define SIGQUIT 24
#define SIGDANGER 33
/* The last: SIGDUMP 39. */
/* Values NOT SOURCED. */
#define SIG_BLOCK 901
#define SIG_DFL ((void (*)(int))902)
#define SIG_IGN ((void (*)(int))903)

typedef struct {
    unsigned int __sigs_0;
    unsigned int __sigs_1;
} sigset_t;
_Static_assert(sizeof(sigset_t) == 8, "sigset_t");

/* Go, Siginfo: 20 bytes that are known, 44 that are not. */
typedef struct {
    int si_signo;
    int si_errno;
    int si_code;
    pid_t si_pid;
    uid_t si_uid;
    char zos_rest[44];
} siginfo_t;
_Static_assert(sizeof(siginfo_t) == 64, "Siginfo");

/* RTL sigaction. */
struct sigaction {
    void (*sa_handler)(int);
    sigset_t sa_mask;
    int sa_flags;
    void (*sa_sigaction)(int, siginfo_t *, void *);
};
int sigaction(int number, const struct sigaction *action, struct sigaction *old);
int kill(pid_t pid, int number); /* RTL; EPERM for a zombie: libuv src/unix/process.c */
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigaddset(sigset_t *set, int number);
int sigdelset(sigset_t *set, int number);

/* RTL sigwait has two forms, and two entry points behind them. Which one both macros together give: NOT SOURCED, so it must not be asked. */
#if defined(_OPEN_THREADS) && defined(ZOS_HEADERS_PORTS)
#error "_OPEN_THREADS beside _UNIX03_THREADS: which sigwait() is declared is not known"
#elif defined(_OPEN_THREADS)
int sigwait(sigset_t *set);
#elif (defined(_POSIX_C_SOURCE) && _POSIX_C_SOURCE >= 200112L) || (defined(_XOPEN_SOURCE) && _XOPEN_SOURCE >= 600)
int sigwait(const sigset_t *restrict set, int *restrict number);
#endif

/* RTL __shutdown_registration: _OPEN_SYS. Its values: NOT SOURCED. */
#if defined(_OPEN_SYS) || defined(_ALL_SOURCE)
enum { _SDR_NOTIFY = 911, _SDR_REGPROCESS = 912, _SDR_SENDSIGDANGER = 913 };
int __shutdown_registration(int regtype, int regscope, int regoptions);
#endif
#endif
