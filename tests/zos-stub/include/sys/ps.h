/* <sys/ps.h> of z/OS: the fields that IBM documents for w_getpsent(). */
#ifndef ZOS_STUB_PS_H
#define ZOS_STUB_PS_H
#include <sys/types.h>
#include <time.h>

typedef struct {
    unsigned int ps_state;
    pid_t ps_pid;
    pid_t ps_ppid;
    pid_t ps_sid;
    pid_t ps_pgpid;
    pid_t ps_fgpid;
    uid_t ps_euid;
    uid_t ps_ruid;
    uid_t ps_suid;
    gid_t ps_egid;
    gid_t ps_rgid;
    gid_t ps_sgid;
    long ps_size;
    time_t ps_starttime;
    clock_t ps_usertime;
    clock_t ps_systime;
    int ps_conttyblen;
    int ps_conttylen;
    char *ps_conttyptr;
    int ps_pathblen;
    int ps_pathlen;
    char *ps_pathptr;
    int ps_cmdblen;
    int ps_cmdlen;
    char *ps_cmdptr;
} W_PSPROC;

int w_getpsent(int token, W_PSPROC *buffptr, size_t length);
#endif
