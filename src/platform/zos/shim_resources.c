/*
 * See shim.h: what a user has left behind of interprocess communication, how much memory it may have, and what CPU time was spent. Beside
 * shim.c because it takes headers of its own.
 */
#ifdef __MVS__
#define _ALL_SOURCE 1
#define _OPEN_SYS 1
#define _UNIX03_SOURCE 1
#define _XOPEN_SOURCE 600
#define _XOPEN_SOURCE_EXTENDED 1
#endif

#include "shim.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>
#include <sys/__getipc.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <time.h>

/* The program has to define it, and other headers may have. */
union zwelnch_semaphore_argument {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

static int32_t failed(int32_t *reason)
{
    int error = errno;
    if (reason != NULL)
        *reason = (int32_t)__errno2();
    return error > 0 ? -error : -EIO;
}

static int32_t done(int32_t result, int32_t *reason)
{
    if (reason != NULL)
        *reason = 0;
    return result;
}

static int32_t semaphore_count(int32_t id)
{
    union zwelnch_semaphore_argument argument;
    struct semid_ds set;
    memset(&set, 0, sizeof set);
    argument.buf = &set;
    return semctl(id, 0, IPC_STAT, argument) == 0 ? (int32_t)set.sem_nsems : 0;
}

int32_t zwelnch_ipc_list(int32_t kind, struct zwelnch_ipc members[], size_t capacity, int32_t *reason)
{
    int command = kind == ZWELNCH_IPC_SEMAPHORES ? IPCQSEM : IPCQMSG;
    int token = 0;
    int first = -1;
    int32_t count = 0;
    for (;;) {
        IPCQPROC member;
        memset(&member, 0, sizeof member);
        errno = 0;
        token = __getipc(token, &member, sizeof member, command);
        /* The end is 0 by the callable service, and -1 by what has been seen of the function. */
        if (token == 0 || (token < 0 && (errno == EINVAL || errno == 0)))
            return done(count, reason);
        if (token < 0)
            return failed(reason);
        /* The id, the key and the owner stand at one place in all kinds. Round again: the list has no end of its own. */
        if (member.msg.ipcqmid == first)
            return done(count, reason);
        if (first == -1)
            first = member.msg.ipcqmid;
        if ((size_t)count < capacity) {
            struct zwelnch_ipc *place = &members[count];
            memset(place, 0, sizeof *place);
            place->id = (int32_t)member.msg.ipcqmid;
            place->user = (uint32_t)member.msg.ipcqpcp.uid;
            if (kind == ZWELNCH_IPC_SEMAPHORES) {
                place->count = semaphore_count(place->id);
            } else {
                place->last_sender = (int32_t)member.msg.ipcqlspid;
                place->last_receiver = (int32_t)member.msg.ipcqlrpid;
            }
        }
        count++;
    }
}

int32_t zwelnch_semaphore_user(int32_t id, int32_t number, int32_t *reason)
{
    int pid = semctl(id, number, GETPID);
    return pid >= 0 ? done((int32_t)pid, reason) : failed(reason);
}

int32_t zwelnch_ipc_remove(int32_t kind, int32_t id, int32_t *reason)
{
    int result = kind == ZWELNCH_IPC_SEMAPHORES ? semctl(id, 0, IPC_RMID) : msgctl(id, IPC_RMID, NULL);
    return result == 0 ? done(0, reason) : failed(reason);
}

int32_t zwelnch_memory_limits(uint64_t *above_bar, uint64_t *address_space, int32_t *reason)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLIMIT, &limit) != 0)
        return failed(reason);
    /* In units of 1 MiB, not bytes. */
    *above_bar = limit.rlim_cur == RLIM_INFINITY || (uint64_t)limit.rlim_cur > UINT64_MAX >> 20 ? UINT64_MAX : (uint64_t)limit.rlim_cur << 20;
    if (getrlimit(RLIMIT_AS, &limit) != 0)
        return failed(reason);
    *address_space = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : (uint64_t)limit.rlim_cur;
    return done(0, reason);
}

int64_t zwelnch_cpu_microseconds(void)
{
    clock_t spent = clock();
    return spent == (clock_t)-1 ? 0 : (int64_t)((double)spent * 1000000.0 / CLOCKS_PER_SEC);
}
