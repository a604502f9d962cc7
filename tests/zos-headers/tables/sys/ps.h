/*
 * RTL w_getpsent, "Variables stored in structure"; the pair for the command: gnulib's getprogname, zoslib. The lengths are given before the
 * call, the size of the buffer beside each (gnulib, zoslib); there is no ps_*blen, which are names of the assembler's PGPS. Whether they are
 * written by the call, and what stands behind the last: NOT SOURCED.
 */
#ifndef ZOS_SYS_PS_H
#define ZOS_SYS_PS_H
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
    int ps_conttylen;
    char *ps_conttyptr;
    int ps_pathlen;
    char *ps_pathptr;
    int ps_cmdlen;
    char *ps_cmdptr;
} W_PSPROC;

/* Token 0 first; the result is the next one, 0 at the end (zoslib goes on while it is above 0), -1 for an error. */
int w_getpsent(int token, W_PSPROC *place, size_t size);
#endif
