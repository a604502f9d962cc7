/* See README.md. Only for tests: built with the cargo feature zos-stub, never into a product. */
#include "include/zos_stub.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <string.h>
#include <stdarg.h>
#include <sys/__getipc.h>
#include <sys/__messag.h>
#include <sys/ps.h>
#include <sys/types.h>
#include <sys/wait.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static __thread int last_errno2;

int __errno2(void)
{
    return last_errno2;
}

/* ---- Where everything is, and what is to fail ---- */

void zos_stub_directory(const char *directory)
{
    pthread_mutex_lock(&lock);
    snprintf(root, sizeof root, "%s", directory);
    pthread_mutex_unlock(&lock);
}

static void path_of(char *path, size_t size, const char *name)
{
    pthread_mutex_lock(&lock);
    if (root[0] == 0) {
        const char *directory = getenv("ZWELNCH_ZOS_STUB");
        snprintf(root, sizeof root, "%s", directory != NULL ? directory : "/nonexistent");
    }
    snprintf(path, size, "%s/%s", root, name);
    pthread_mutex_unlock(&lock);
}

static struct failure {
    char service[32];
    int count, error, errno2;
} failures[16];

void zos_stub_fail(const char *service, int32_t count, int32_t error, int32_t errno2)
{
    size_t i;
    pthread_mutex_lock(&lock);
    for (i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].count == 0 || strcmp(failures[i].service, service) == 0) {
            snprintf(failures[i].service, sizeof failures[i].service, "%s", service);
            failures[i].count = count;
            failures[i].error = error;
            failures[i].errno2 = errno2;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

/* A file fail/<service> with "count errno errno2" says the same to a process from outside; it is taken at the first call. */
static void read_failure(const char *service)
{
    char name[64], path[PATH_MAX + 64];
    int count, error, errno2;
    FILE *file;
    snprintf(name, sizeof name, "fail/%s", service);
    path_of(path, sizeof path, name);
    file = fopen(path, "r");
    if (file == NULL)
        return;
    if (fscanf(file, "%d %d %d", &count, &error, &errno2) == 3 && unlink(path) == 0)
        zos_stub_fail(service, count, error, errno2);
    fclose(file);
}

static int fails(const char *service)
{
    int result = 0;
    size_t i;
    read_failure(service);
    last_errno2 = 0;
    pthread_mutex_lock(&lock);
    for (i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].count > 0 && strcmp(failures[i].service, service) == 0) {
            failures[i].count--;
            errno = failures[i].error;
            last_errno2 = failures[i].errno2;
            result = 1;
        }
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static int fail_with(int error, int errno2)
{
    errno = error;
    last_errno2 = errno2;
    return -1;
}

/* ---- Console ---- */

static void append(const char *name, const char *text)
{
    char path[PATH_MAX + 64];
    int file;
    path_of(path, sizeof path, name);
    file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
        /* One write a line: readers see whole lines. */
        if (write(file, text, strlen(text)) < 0)
            errno = 0;
        close(file);
    }
}

static char *hexadecimal(char *place, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (; size > 0; size--, byte++)
        place += sprintf(place, "%02x", *byte);
    return place;
}

static char *codes(char *place, const unsigned int *list)
{
    const char *between = "";
    if (list == NULL || *list == 0)
        return place + sprintf(place, "-");
    for (; *list != 0; list++, between = ",")
        place += sprintf(place, "%s%u", between, *list);
    return place;
}

/* <how> <routing codes> <descriptor codes> <cart> <console id> <text>, the last three in hexadecimal. */
static void record_wto(const char *how, const unsigned int *route, const unsigned int *descriptor, const void *cart, const void *console,
                       const void *text, size_t size)
{
    char *line = malloc(size * 2 + 512), *place = line;
    if (line == NULL)
        return;
    place += sprintf(place, "%s ", how);
    place = codes(place, route);
    *place++ = ' ';
    place = codes(place, descriptor);
    *place++ = ' ';
    place = hexadecimal(place, cart, 8);
    *place++ = ' ';
    place = hexadecimal(place, console, 4);
    *place++ = ' ';
    place = hexadecimal(place, text, size);
    strcpy(place, "\n");
    append("wto", line);
    free(line);
}

/* The operator writes fixed records into the FIFO `console`: 'M' or 'S', 8 bytes CART, 4 bytes console id, 128 bytes text. */
static int operator_command(struct __cons_msg2 *msg, char *modstr, int *concmd)
{
    static int fifo = -1;
    unsigned char record[141];
    size_t have = 0;
    if (fifo < 0) {
        char path[PATH_MAX + 64];
        path_of(path, sizeof path, "console");
        fifo = open(path, O_RDWR | O_CLOEXEC);
        if (fifo < 0)
            return fail_with(EPERM, 0x0B1B0000);
    }
    while (have < sizeof record) {
        ssize_t length = read(fifo, record + have, sizeof record - have);
        if (length < 0)
            return -1;
        have += (size_t)length;
    }
    *concmd = record[0] == 'S' ? _CC_stop : _CC_modify;
    if (msg->__cm2_format == __CONSOLE_FORMAT_3) {
        memcpy(msg->__cm2_mod_cartptr, record + 1, 8);
        memcpy(msg->__cm2_mod_considptr, record + 9, 4);
    }
    memcpy(modstr, record + 13, 128);
    return 0;
}

int __console2(struct __cons_msg2 *msg, char *modstr, int *concmd)
{
    if (fails(modstr != NULL ? "console2" : "console2.message"))
        return -1;
    if (concmd == NULL)
        return fail_with(EFAULT, 0);
    if (msg->__cm2_format != __CONSOLE_FORMAT_2 && msg->__cm2_format != __CONSOLE_FORMAT_3)
        return fail_with(EINVAL, 0);
    if (msg->__cm2_msg != NULL)
        record_wto("console2", msg->__cm2_routcde, msg->__cm2_descr, msg->__cm2_msg_cart, msg->__cm2_msg_consid, msg->__cm2_msg,
                   msg->__cm2_msglength);
    return modstr == NULL ? 0 : operator_command(msg, modstr, concmd);
}

static void codes_of_bits(unsigned int list[17], const unsigned char *bits)
{
    int code, count = 0;
    for (code = 1; code <= 16; code++) {
        if (((bits[0] << 8) | bits[1]) & (0x8000 >> (code - 1)))
            list[count++] = (unsigned int)code;
    }
    list[count] = 0;
}

int32_t zos_stub_svc_35(void *list)
{
    const unsigned char *parameters = list;
    size_t size = (size_t)((parameters[0] << 8) | parameters[1]) - 4;
    unsigned int route[17] = {0}, descriptor[17] = {0};
    if (fails("svc35"))
        return last_errno2;
    if (parameters[2] & 0x80) {
        codes_of_bits(descriptor, parameters + 4 + size);
        codes_of_bits(route, parameters + 6 + size);
    }
    record_wto("svc35", route, descriptor, "\0\0\0\0\0\0\0\0", "\0\0\0\0", parameters + 4, size);
    return 0;
}

void *__malloc31(size_t size)
{
    return fails("malloc31") ? NULL : malloc(size);
}

/* ---- Streams: DD names, members, records ---- */

struct stream {
    FILE *file;
    int is_output;
    unsigned int record_length;
    int at_end, error;
};

static unsigned int record_length(const char *dd)
{
    char name[64], path[PATH_MAX + 64];
    unsigned int length = 1600;
    FILE *file;
    snprintf(name, sizeof name, "dd/%s.lrecl", dd);
    path_of(path, sizeof path, name);
    file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%u", &length) != 1)
            length = 1600;
        fclose(file);
    }
    return length;
}

FILE *zos_stub_fopen(const char *name, const char *mode)
{
    char place[160], path[PATH_MAX + 200], data_set[64], member[16];
    struct stream *stream;
    if (fails("fopen"))
        return NULL;
    if (strstr(mode, "type=record") == NULL) {
        fail_with(EINVAL, 0);
        return NULL;
    }
    stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    if (strncmp(name, "DD:", 3) == 0 && mode[0] == 'w') {
        snprintf(place, sizeof place, "dd/%s", name + 3);
        path_of(path, sizeof path, place);
        stream->is_output = 1;
        stream->record_length = record_length(name + 3);
        /* SYSOUT cannot be read or opened for append by the program; this is the spool's side of it. */
        stream->file = fopen(path, "ae");
    } else if (sscanf(name, "//'%63[^(](%15[^)])'", data_set, member) == 2 && mode[0] == 'r') {
        snprintf(place, sizeof place, "data-sets/%s/%s", data_set, member);
        path_of(path, sizeof path, place);
        stream->file = fopen(path, "re");
        if (stream->file == NULL)
            /* As z/OS says it: the open of a data set failed. */
            errno = errno == ENOENT ? 49 : errno;
    } else {
        errno = EINVAL;
    }
    if (stream->file == NULL) {
        last_errno2 = (int)0xC00B0403;
        free(stream);
        return NULL;
    }
    return (FILE *)stream;
}

size_t zos_stub_fwrite(const void *place, size_t size, size_t count, FILE *handle)
{
    struct stream *stream = (struct stream *)handle;
    size_t length = size * count;
    if (fails("fwrite") || (length > stream->record_length && fail_with(EIO, (int)0xC0200020) != 0)) {
        stream->error = 1;
        return 0;
    }
    if (fwrite(place, 1, length, stream->file) != length || fputc(0x15, stream->file) == EOF)
        return 0;
    return count;
}

int zos_stub_fflush(FILE *handle)
{
    return fflush(((struct stream *)handle)->file);
}

size_t zos_stub_fread(void *place, size_t size, size_t count, FILE *handle)
{
    struct stream *stream = (struct stream *)handle;
    unsigned char *bytes = place;
    size_t length = 0;
    int byte = EOF;
    if (fails("fread")) {
        stream->error = 1;
        return 0;
    }
    while (length < size * count && (byte = fgetc(stream->file)) != EOF && byte != 0x15)
        bytes[length++] = (unsigned char)byte;
    if (byte == EOF && length == 0) {
        stream->at_end = 1;
        return 0;
    }
    /* RECFM=FB, LRECL=80. */
    while (length < 80 && length < size * count)
        bytes[length++] = 0x40;
    return length;
}

int zos_stub_feof(FILE *handle)
{
    return ((struct stream *)handle)->at_end;
}

int zos_stub_ferror(FILE *handle)
{
    return ((struct stream *)handle)->error;
}

int zos_stub_fclose(FILE *handle)
{
    struct stream *stream = (struct stream *)handle;
    int result = fclose(stream->file);
    free(stream);
    return result;
}

int fldata(FILE *handle, char *name, fldata_t *data)
{
    (void)name;
    if (fails("fldata"))
        return -1;
    data->__maxreclen = ((struct stream *)handle)->record_length;
    return 0;
}

/* ---- Tags, by device and inode ---- */

static struct tagged {
    dev_t device;
    ino_t inode;
    struct file_tag tag;
} tags[64];
static size_t tag_count;

static struct tagged *tagged(int descriptor, int add)
{
    struct stat information;
    size_t i;
    if (fstat(descriptor, &information) != 0)
        return NULL;
    for (i = 0; i < tag_count; i++) {
        if (tags[i].device == information.st_dev && tags[i].inode == information.st_ino)
            return &tags[i];
    }
    if (!add || tag_count == sizeof tags / sizeof tags[0])
        return NULL;
    tags[tag_count].device = information.st_dev;
    tags[tag_count].inode = information.st_ino;
    return &tags[tag_count++];
}

int zos_stub_fstat(int descriptor, struct zos_stub_stat *information)
{
    struct stat real;
    struct tagged *found;
    if (fails("fstat") || fstat(descriptor, &real) != 0)
        return -1;
    memset(information, 0, sizeof *information);
    pthread_mutex_lock(&lock);
    found = tagged(descriptor, 0);
    if (found != NULL)
        information->st_tag = found->tag;
    pthread_mutex_unlock(&lock);
    return 0;
}

int zos_stub_fcntl(int descriptor, int command, void *argument)
{
    if (fails("fcntl"))
        return -1;
    if (command == F_SETTAG) {
        struct tagged *place;
        int result = -1;
        pthread_mutex_lock(&lock);
        place = tagged(descriptor, 1);
        if (place != NULL) {
            place->tag = *(struct file_tag *)argument;
            result = 0;
        } else {
            errno = EBADF;
        }
        pthread_mutex_unlock(&lock);
        return result;
    }
    if (command == F_CONTROL_CVT) {
        struct stat information;
        return fstat(descriptor, &information);
    }
    return fcntl(descriptor, command, argument);
}

/* ---- Processes ---- */

/* The system's own programs are the stub's where it has them. */
static const char *program_of(const char *path, char *place, size_t size)
{
    path_of(place, size, path[0] == '/' ? path + 1 : path);
    return access(place, X_OK) == 0 ? place : path;
}

/* Under qemu-user this very program has to be started by the emulator again: the words of ZWELNCH_EMULATOR, then -0 and the name. */
static const char **emulated(const char **program, const char *argv[], const char *words[64])
{
    static char emulator[256];
    static char place[PATH_MAX];
    char own[PATH_MAX];
    const char *variable = getenv("ZWELNCH_EMULATOR");
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    int count = 0;
    char *word, *rest;
    if (variable == NULL || length <= 0)
        return argv;
    own[length] = 0;
    if (strcmp(own, *program) != 0)
        return argv;
    snprintf(emulator, sizeof emulator, "%s", variable);
    for (word = strtok_r(emulator, " ", &rest); word != NULL && count < 16; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    snprintf(place, sizeof place, "/usr/bin/%s", words[0]);
    words[count++] = "-0";
    words[count++] = argv[0];
    words[count++] = *program;
    for (argv++; *argv != NULL && count < 63; argv++)
        words[count++] = *argv;
    words[count] = NULL;
    *program = place;
    return words;
}

static int is_valid_job_name(const char *entry)
{
    size_t length = strlen(entry);
    return length >= 1 && length <= 8;
}

pid_t spawn(const char *path, int fd_count, const int fd_map[], const struct inheritance *inherit, const char *argv[], const char *envp[])
{
    char place[PATH_MAX + 64], line[PATH_MAX + 256];
    const char *share_as = "?", *job_name = "-", *program, **arguments, *words[64];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    short flags = 0;
    pid_t pid = -1;
    int i, error;
    const char **entry;
    for (entry = envp; *entry != NULL; entry++) {
        if (strncmp(*entry, "_BPX_SHAREAS=", 13) == 0)
            share_as = *entry + 13;
        if (strncmp(*entry, "_BPX_JOBNAME=", 13) == 0)
            job_name = *entry + 13;
    }
    /* BPX.JOBNAME: no authority. */
    if (job_name[0] != '-' && fails("spawn.jobname"))
        return -1;
    if (fails("spawn"))
        return -1;
    if (job_name[0] != '-' && !is_valid_job_name(job_name))
        return fail_with(EINVAL, 0);
    program = program_of(path, place, sizeof place);
    /* qemu-user cannot tell of an exec that failed. */
    if (access(program, X_OK) != 0)
        return fail_with(errno, 0x0594003D);
    arguments = emulated(&program, argv, words);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    /* Two steps, so that no descriptor of the map is overwritten before it is used: all of ours first go out of the way. */
    for (i = 0; i < fd_count; i++) {
        if (fd_map[i] != SPAWN_FDCLOSED)
            posix_spawn_file_actions_adddup2(&actions, fd_map[i], 200 + i);
    }
    for (i = 0; i < fd_count; i++) {
        if (fd_map[i] == SPAWN_FDCLOSED)
            continue;
        posix_spawn_file_actions_adddup2(&actions, 200 + i, i);
        posix_spawn_file_actions_addclose(&actions, 200 + i);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, fd_count);
    if (inherit->flags & SPAWN_SETGROUP) {
        flags |= POSIX_SPAWN_SETPGROUP;
        posix_spawnattr_setpgroup(&attributes, inherit->pgroup);
    }
    if (inherit->flags & SPAWN_SETSIGMASK) {
        flags |= POSIX_SPAWN_SETSIGMASK;
        posix_spawnattr_setsigmask(&attributes, &inherit->sigmask);
    }
    if (inherit->flags & SPAWN_SETSIGDEF) {
        flags |= POSIX_SPAWN_SETSIGDEF;
        posix_spawnattr_setsigdefault(&attributes, &inherit->sigdefault);
    }
    posix_spawnattr_setflags(&attributes, flags);
    error = posix_spawn(&pid, program, &actions, &attributes, (char *const *)arguments, (char *const *)envp);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0)
        return fail_with(error, 0x0594003D);
    snprintf(line, sizeof line, "%d %s %s %s\n", (int)pid, share_as, job_name, argv[0] != NULL ? argv[0] : "");
    append("spawned", line);
    return pid;
}

int zos_stub_waitid(idtype_t type, id_t id, siginfo_t *information, int options)
{
    return fails("waitid") ? -1 : waitid(type, id, information, options);
}

pid_t zos_stub_waitpid(pid_t pid, int *status, int options)
{
    return fails("waitpid") ? -1 : waitpid(pid, status, options);
}

int zos_stub_sigwait(const sigset_t *set, int *number)
{
    return fails("sigwait") ? errno : sigwait(set, number);
}

int zos_stub_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    return fails("sigprocmask") ? -1 : sigprocmask(how, set, old);
}

/* The token is the process id of the entry before. */
int w_getpsent(int token, W_PSPROC *buffptr, size_t length)
{
    DIR *directory;
    struct dirent *entry;
    int next = 0;
    if (fails("w_getpsent"))
        return -1;
    if (length != sizeof *buffptr)
        return fail_with(EINVAL, 0);
    directory = opendir("/proc");
    if (directory == NULL)
        return -1;
    while ((entry = readdir(directory)) != NULL) {
        int pid = atoi(entry->d_name);
        if (pid > token && (next == 0 || pid < next))
            next = pid;
    }
    closedir(directory);
    if (next > 0) {
        char path[64];
        unsigned long long started = 0;
        unsigned long user = 0, system = 0;
        int parent = 0, group = 0;
        FILE *file;
        snprintf(path, sizeof path, "/proc/%d/stat", next);
        buffptr->ps_pid = next;
        file = fopen(path, "r");
        if (file != NULL) {
            char line[1024], *rest;
            if (fgets(line, sizeof line, file) != NULL && (rest = strrchr(line, ')')) != NULL
                && sscanf(rest + 1, " %*c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %llu", &parent, &group,
                          &user, &system, &started) == 5) {
                buffptr->ps_ppid = parent;
                buffptr->ps_pgpid = group;
                buffptr->ps_usertime = (clock_t)user;
                buffptr->ps_systime = (clock_t)system;
                buffptr->ps_starttime = (time_t)(started / (unsigned long long)sysconf(_SC_CLK_TCK));
            }
            fclose(file);
        }
    }
    return next;
}

int __shutdown_registration(int regtype, int regscope, int regoptions)
{
    if (fails("shutdown_registration"))
        return -1;
    if (regtype != _SDR_NOTIFY || regscope != _SDR_REGPROCESS || regoptions != _SDR_SENDSIGDANGER)
        return fail_with(EINVAL, 0);
    append("shutdown-registration", "notify process sigdanger\n");
    return 0;
}

/* ---- Interprocess communication: ipc/q.<id> with "uid sender receiver", ipc/s.<id> with "uid pid ..." a semaphore ---- */

static FILE *open_ipc(char kind, int id, const char *mode)
{
    char name[64], path[PATH_MAX + 64];
    snprintf(name, sizeof name, "ipc/%c.%d", kind, id);
    path_of(path, sizeof path, name);
    return fopen(path, mode);
}

static int remove_ipc(char kind, int id)
{
    char name[64], path[PATH_MAX + 64];
    snprintf(name, sizeof name, "ipc/%c.%d", kind, id);
    path_of(path, sizeof path, name);
    return unlink(path) == 0 ? 0 : fail_with(EINVAL, 0);
}

/* The token is the id of the member before; the list begins anew behind its end, as it has been seen to on z/OS. */
int __getipc(int token_id, IPCQPROC *bufptr, size_t buflng, int cmd)
{
    char path[PATH_MAX + 64], kind = cmd == IPCQSEM ? 's' : 'q';
    struct dirent *entry;
    DIR *directory;
    int next = 0, lowest = 0;
    FILE *file;
    if (fails("getipc"))
        return -1;
    if (buflng != sizeof *bufptr || (cmd != IPCQSEM && cmd != IPCQMSG))
        return fail_with(EFAULT, 0);
    path_of(path, sizeof path, "ipc");
    directory = opendir(path);
    if (directory == NULL)
        return fail_with(EINVAL, 0);
    while ((entry = readdir(directory)) != NULL) {
        int id = entry->d_name[0] == kind ? atoi(entry->d_name + 2) : 0;
        if (id > token_id && (next == 0 || id < next))
            next = id;
        if (id > 0 && (lowest == 0 || id < lowest))
            lowest = id;
    }
    closedir(directory);
    if (next == 0)
        next = lowest;
    if (next == 0)
        return 0;
    bufptr->msg.ipcqmid = next;
    file = open_ipc(kind, next, "r");
    if (file != NULL) {
        int user = -1, sender = 0, receiver = 0;
        if (fscanf(file, "%d %d %d", &user, &sender, &receiver) < 1)
            user = -1;
        bufptr->msg.ipcqpcp.uid = (uid_t)user;
        if (kind == 'q') {
            bufptr->msg.ipcqlspid = sender;
            bufptr->msg.ipcqlrpid = receiver;
        }
        fclose(file);
    }
    return next;
}

int zos_stub_msgctl(int id, int command, struct msqid_ds *buffer)
{
    (void)buffer;
    if (fails("msgctl"))
        return -1;
    return command == IPC_RMID ? remove_ipc('q', id) : fail_with(EINVAL, 0);
}

int zos_stub_semctl(int id, int number, int command, ...)
{
    int pid = 0, count = -1;
    FILE *file;
    if (fails("semctl"))
        return -1;
    if (command == IPC_RMID)
        return remove_ipc('s', id);
    file = open_ipc('s', id, "r");
    if (file == NULL)
        return fail_with(EINVAL, 0);
    /* The first is the owner. */
    while (count <= number && fscanf(file, "%d", &pid) == 1)
        count++;
    if (command == GETPID) {
        fclose(file);
        return count == number + 1 ? pid : fail_with(EINVAL, 0);
    }
    while (fscanf(file, "%d", &pid) == 1)
        count++;
    fclose(file);
    if (command == IPC_STAT) {
        union {
            int val;
            struct semid_ds *buf;
            unsigned short *array;
        } argument;
        va_list arguments;
        va_start(arguments, command);
        argument.buf = va_arg(arguments, struct semid_ds *);
        va_end(arguments);
        argument.buf->sem_nsems = (unsigned long)count;
        return 0;
    }
    return fail_with(EINVAL, 0);
}

/* The file memlimit holds MiB, assize bytes; no limit where there is no file. */
int zos_stub_getrlimit(int resource, struct rlimit *limit)
{
    char path[PATH_MAX + 64];
    unsigned long long number;
    FILE *file;
    if (fails("getrlimit"))
        return -1;
    limit->rlim_cur = limit->rlim_max = RLIM_INFINITY;
    path_of(path, sizeof path, resource == RLIMIT_MEMLIMIT ? "memlimit" : "assize");
    file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%llu", &number) == 1)
            limit->rlim_cur = (rlim_t)number;
        fclose(file);
    }
    return 0;
}

/* ---- The system ---- */

static void word_of_file(const char *name, const char *otherwise, char *place, size_t size)
{
    char path[PATH_MAX + 64];
    FILE *file;
    snprintf(place, size, "%s", otherwise);
    path_of(path, sizeof path, name);
    file = fopen(path, "r");
    if (file != NULL) {
        if (fgets(place, (int)size, file) != NULL)
            place[strcspn(place, "\n")] = 0;
        fclose(file);
    }
}

int zos_stub_uname(struct utsname *name)
{
    if (fails("uname"))
        return -1;
    memset(name, 0, sizeof *name);
    strcpy(name->sysname, "OS/390");
    word_of_file("sysname", "ZOS1", name->nodename, 9);
    strcpy(name->release, "29.00");
    strcpy(name->version, "03");
    return 0;
}

int __osname(struct utsname *name)
{
    if (fails("osname"))
        return -1;
    memset(name, 0, sizeof *name);
    strcpy(name->sysname, "z/OS");
    strcpy(name->release, "01");
    strcpy(name->version, "03");
    return 0;
}

/* Letters and digits, in 8 (or `size`) places. */
static void ebcdic_name(unsigned char *place, const char *text, size_t size)
{
    size_t i;
    memset(place, 0x40, size);
    for (i = 0; i < size && text[i] != 0; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            place[i] = (unsigned char)(0xF0 + c - '0');
        else if (c >= 'A' && c <= 'I')
            place[i] = (unsigned char)(0xC1 + c - 'A');
        else if (c >= 'J' && c <= 'R')
            place[i] = (unsigned char)(0xD1 + c - 'J');
        else if (c >= 'S' && c <= 'Z')
            place[i] = (unsigned char)(0xE2 + c - 'S');
    }
}

static void pointer(unsigned char *place, uint32_t address)
{
    place[0] = (unsigned char)(address >> 24);
    place[1] = (unsigned char)(address >> 16);
    place[2] = (unsigned char)(address >> 8);
    place[3] = (unsigned char)address;
}

/* Low storage with the control blocks at 0x1000 (ASCB), 0x1800 (ASXB), 0x2000 (CVT), 0x2800 (SMCA), 0x3000 (RCVT), 0x3800 (names). */
const uint8_t *zos_stub_storage(uint32_t address)
{
    static unsigned char low[0x4000];
    char text[32];
    pointer(low + 0x10, 0x2000);
    pointer(low + 0x224, 0x1000);
    pointer(low + 0x1000 + 0x6C, 0x1800);
    pointer(low + 0x1000 + 0xB0, 0x3800);
    word_of_file("job-name", getenv("_BPX_JOBNAME") != NULL ? getenv("_BPX_JOBNAME") : "ZWESLSTC", text, sizeof text);
    ebcdic_name(low + 0x3800, text, 8);
    word_of_file("user-id", "ZWESVUSR", text, sizeof text);
    ebcdic_name(low + 0x1800 + 0xC0, text, 8);
    /* The pointer to the SMCA has flags in its first byte. */
    pointer(low + 0x2000 + 0xC4, 0x80002800u);
    memcpy(low + 0x2800 + 0x150, "\x00\x2E\x63\x00\x01\x26\x32\x5F", 8);
    pointer(low + 0x2000 + 0x3E0, 0x3000);
    word_of_file("security-product", "RCVT", text, sizeof text);
    ebcdic_name(low + 0x3000, text, 4);
    return low + (address & 0x3FFF);
}
