/* Go: zerrors for the options, WaitStatus of syscall_zos_s390x.go for what a status says. */
#ifndef ZOS_SYS_WAIT_H
#define ZOS_SYS_WAIT_H
#include <signal.h>
#include <sys/types.h>
#define WNOHANG 0x01
#define WUNTRACED 0x02
#define WCONTINUED 0x04
#define WEXITED 0x08
#define WSTOPPED 0x10
#define WNOWAIT 0x20
typedef enum { P_PID = 0, P_PGID = 1, P_ALL = 2 } idtype_t;
#define WIFEXITED(status) (((status) & 0xFF) == 0)
#define WEXITSTATUS(status) (((status) >> 8) & 0xFF)
#define WIFSIGNALED(status) (((status) & 0xFF) != 0 && ((status) & 0x7F) != 0x7F)
#define WTERMSIG(status) ((status) & 0x7F)
pid_t waitpid(pid_t pid, int *status, int options);
int waitid(idtype_t type, id_t id, siginfo_t *information, int options);
#endif
