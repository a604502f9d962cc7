/*
 * The stub of the z/OS services (tests/zos-stub/README.md), forced in before everything else: names that both systems have but with other
 * meanings go to the stub.
 */
#ifndef ZOS_STUB_H
#define ZOS_STUB_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* --- errno2 --- */
int __errno2(void);

/* --- <stdlib.h> --- */
void *__malloc31(size_t size);

/* --- <stdio.h>: DD names, data sets, record I/O --- */
typedef struct {
    unsigned int __recfmF : 1, __recfmV : 1, __recfmU : 1, __recfmASA : 1, __recfmM : 1;
    unsigned long __maxreclen;
} fldata_t;
int fldata(FILE *stream, char *name, fldata_t *data);
FILE *zos_stub_fopen(const char *name, const char *mode);
size_t zos_stub_fread(void *place, size_t size, size_t count, FILE *stream);
size_t zos_stub_fwrite(const void *place, size_t size, size_t count, FILE *stream);
int zos_stub_fflush(FILE *stream);
int zos_stub_fclose(FILE *stream);
int zos_stub_feof(FILE *stream);
int zos_stub_ferror(FILE *stream);

/* --- <sys/stat.h>, <fcntl.h>: tags --- */
#include <zos_file_tag.h>
struct zos_stub_stat {
    struct file_tag st_tag;
};
int zos_stub_fstat(int descriptor, struct zos_stub_stat *information);
int zos_stub_fcntl(int descriptor, int command, void *argument);

/* --- <signal.h> --- */
/* The nearest signal that Linux has. */
#define SIGDANGER SIGPWR
#define _SDR_NOTIFY 3
#define _SDR_REGPROCESS 1
#define _SDR_SENDSIGDANGER 2
int __shutdown_registration(int regtype, int regscope, int regoptions);
int zos_stub_kill(pid_t pid, int number);
int zos_stub_sigwait(const sigset_t *set, int *number);
int zos_stub_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);

/* --- <sys/utsname.h> --- */
int __osname(struct utsname *name);
int zos_stub_uname(struct utsname *name);

/* --- <sys/msg.h>, <sys/sem.h>, <sys/resource.h> --- */
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
/* Not among the limits that Linux has. */
#define RLIMIT_MEMLIMIT 100
int zos_stub_msgctl(int id, int command, struct msqid_ds *buffer);
int zos_stub_semctl(int id, int number, int command, ...);
int zos_stub_getrlimit(int resource, struct rlimit *limit);

/* --- what is no C --- */
const uint8_t *zos_stub_storage(uint32_t address);
int32_t zos_stub_svc_35(void *list);

/* For the tests: the next `count` calls of a service fail; where everything is kept. */
void zos_stub_fail(const char *service, int32_t count, int32_t error, int32_t errno2);
void zos_stub_directory(const char *directory);

#ifndef ZOS_STUB_ITSELF
#define fopen zos_stub_fopen
#define fread zos_stub_fread
#define fwrite zos_stub_fwrite
#define fflush zos_stub_fflush
#define fclose zos_stub_fclose
#undef feof
#define feof zos_stub_feof
#undef ferror
#define ferror zos_stub_ferror
#define stat zos_stub_stat
#define fstat zos_stub_fstat
#define fcntl zos_stub_fcntl
#define uname zos_stub_uname
#define waitid zos_stub_waitid
#define waitpid zos_stub_waitpid
#define kill zos_stub_kill
#define sigwait zos_stub_sigwait
#define pthread_sigmask zos_stub_pthread_sigmask
#define msgctl zos_stub_msgctl
#define semctl zos_stub_semctl
#define getrlimit zos_stub_getrlimit
#endif

#endif
