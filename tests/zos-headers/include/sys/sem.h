/* RTL semctl: struct semid_ds has these; its places, and the value of GETPID: NOT SOURCED. */
#ifndef ZOS_SYS_SEM_H
#define ZOS_SYS_SEM_H
#include <sys/ipc.h>
#define GETPID 941
struct semid_ds {
    struct ipc_perm sem_perm;
    unsigned short sem_nsems;
    time_t sem_otime;
    time_t sem_ctime;
};
int semctl(int id, int number, int command, ...);
#endif
