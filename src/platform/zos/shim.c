/*
 * See shim.h. Compiled by the system's own compiler: on z/OS IBM Open XL C/C++ in ASCII mode (-fzos-le-char-mode=ascii -m64), elsewhere,
 * with the cargo feature zos-stub, against tests/zos-stub, which has the layouts of the z/OS headers.
 */
#ifdef __MVS__
#define _OPEN_SYS 1
#define _OPEN_SYS_FILE_EXT 1
/* The macros of libuv and zoslib, which run there. Not _OPEN_THREADS: it declares another sigwait. */
#define _UNIX03_SOURCE 1
#define _UNIX03_THREADS 1
#define _XOPEN_SOURCE 600
#define _XOPEN_SOURCE_EXTENDED 1
#define _LARGE_TIME_API 1
#endif

#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/__messag.h>
#include <sys/ps.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__MVS__)
/* Common storage and this address space's own: addresses of 31 bits. */
static const uint8_t *storage(uint32_t address)
{
    return (const uint8_t *)(uintptr_t)(address & 0x7FFFFFFFu);
}

/* WTO: register 1 points to the parameter list, register 15 has the return code. */
static int32_t svc_35(void *list)
{
    register uint64_t r1 __asm__("r1") = (uint64_t)(uintptr_t)list;
    register uint64_t r15 __asm__("r15") = 0;
    __asm__ volatile(" svc 35" : "+r"(r1), "+r"(r15) : : "r0", "r14", "cc", "memory");
    return (int32_t)r15;
}
#else
#define storage zos_stub_storage
#define svc_35 zos_stub_svc_35
#endif

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

int32_t zwelnch_shim_version(void)
{
    return ZWELNCH_SHIM_VERSION;
}

void zwelnch_shim_layout(uint32_t sizes[5])
{
    sizes[0] = (uint32_t)sizeof(struct zwelnch_console_origin);
    sizes[1] = (uint32_t)sizeof(struct zwelnch_descriptor);
    sizes[2] = (uint32_t)sizeof(struct zwelnch_process);
    sizes[3] = (uint32_t)sizeof(struct zwelnch_ipc);
    sizes[4] = (uint32_t)sizeof(struct zwelnch_ring_certificate);
}

/* ---- The operator's console ---- */

int32_t zwelnch_console_wait(int32_t *kind, uint8_t text[ZWELNCH_MODIFY_SIZE], struct zwelnch_console_origin *origin, int32_t *reason)
{
    for (;;) {
        struct __cons_msg2 message;
        int command = 0;
        memset(&message, 0, sizeof message);
        memset(text, 0, ZWELNCH_MODIFY_SIZE);
        memset(origin, 0, sizeof *origin);
        message.__cm2_format = __CONSOLE_FORMAT_3;
        message.__cm2_mod_cartptr = (char *)origin->cart;
        message.__cm2_mod_considptr = (char *)origin->console_id;
        if (__console2(&message, (char *)text, &command) == 0) {
            if (command == _CC_modify || command == _CC_stop) {
                *kind = command == _CC_stop ? ZWELNCH_CONSOLE_STOP : ZWELNCH_CONSOLE_MODIFY;
                return done(0, reason);
            }
        } else if (errno != EINTR) {
            return failed(reason);
        }
    }
}

static int32_t console_message(const struct zwelnch_console_origin *origin, const uint8_t *text, size_t size,
                               const uint32_t route_codes[], const uint32_t descriptor_codes[], int32_t *reason)
{
    struct __cons_msg2 message;
    int command = 0;
    uint8_t *copy = malloc(size > 0 ? size : 1);
    int result;
    if (copy == NULL)
        return failed(reason);
    memcpy(copy, text, size);
    memset(&message, 0, sizeof message);
    message.__cm2_format = origin != NULL ? __CONSOLE_FORMAT_3 : __CONSOLE_FORMAT_2;
    message.__cm2_msglength = (unsigned int)size;
    message.__cm2_msg = (char *)copy;
    message.__cm2_routcde = (unsigned int *)route_codes;
    message.__cm2_descr = (unsigned int *)descriptor_codes;
    if (origin != NULL) {
        memcpy(message.__cm2_msg_cart, origin->cart, sizeof origin->cart);
        memcpy(message.__cm2_msg_consid, origin->console_id, sizeof origin->console_id);
    }
    do {
        /* Without a place for a command it does not wait. */
        result = __console2(&message, NULL, &command);
    } while (result != 0 && errno == EINTR);
    result = result == 0 ? done(0, reason) : failed(reason);
    free(copy);
    return result;
}

int32_t zwelnch_console_answer(const struct zwelnch_console_origin *origin, const uint8_t *text, size_t size, int32_t *reason)
{
    static const uint32_t none[] = {0};
    static const uint32_t immediate_response[] = {5, 0};
    return console_message(origin, text, size, none, immediate_response, reason);
}

int32_t zwelnch_wto_unix(const uint8_t *text, size_t size, const uint32_t route_codes[], const uint32_t descriptor_codes[],
                         int32_t *reason)
{
    return console_message(NULL, text, size, route_codes, descriptor_codes, reason);
}

/* Code n is bit n of 16, counted from 1 and from the left. Stored byte by byte: the parameter list is big-endian. */
static void store_codes(uint8_t *place, const uint32_t codes[])
{
    uint32_t bits = 0;
    for (; *codes != 0; codes++) {
        if (*codes <= 16)
            bits |= 0x8000u >> (*codes - 1);
    }
    place[0] = (uint8_t)(bits >> 8);
    place[1] = (uint8_t)bits;
}

int32_t zwelnch_wto(const uint8_t *text, size_t size, const uint32_t route_codes[], const uint32_t descriptor_codes[], int32_t *reason)
{
    /* The list of WTO MF=L: length with these four bytes, flags, text, and with the flag for it descriptor codes, routing codes. */
    int has_codes = *route_codes != 0 || *descriptor_codes != 0;
    uint8_t *list;
    int32_t code;
    if (size > 126)
        size = 126;
    list = __malloc31(size + 8);
    if (list == NULL)
        return failed(reason);
    list[0] = 0;
    list[1] = (uint8_t)(size + 4);
    list[2] = has_codes ? 0x80 : 0;
    list[3] = 0;
    memcpy(list + 4, text, size);
    store_codes(list + 4 + size, descriptor_codes);
    store_codes(list + 6 + size, route_codes);
    code = svc_35(list);
    free(list);
    done(0, reason);
    if (code == 0)
        return 0;
    if (reason != NULL)
        *reason = code;
    return -EIO;
}

/* ---- Processes ---- */

#define HIGHEST_DESCRIPTOR 63
#define HIGHEST_SIGNAL 64

static const struct {
    int number;
    int32_t code;
} taken[] = {
    {SIGTERM, ZWELNCH_SIGNAL_TERM}, {SIGINT, ZWELNCH_SIGNAL_INT},   {SIGHUP, ZWELNCH_SIGNAL_HUP},   {SIGDANGER, ZWELNCH_SIGNAL_DANGER},
    {SIGUSR1, ZWELNCH_SIGNAL_USR1}, {SIGUSR2, ZWELNCH_SIGNAL_USR2}, {SIGALRM, ZWELNCH_SIGNAL_ALRM},
};

/* A handler ends with the program that has it; only what is ignored would be inherited. Numbers that are no signal are refused. */
static void ignored_signals(sigset_t *set)
{
    int number;
    sigemptyset(set);
    for (number = 1; number <= HIGHEST_SIGNAL; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            sigaddset(set, number);
    }
}

int32_t zwelnch_spawn(const char *program, const char *const arguments[], const char *const environment[],
                      const struct zwelnch_descriptor descriptors[], size_t descriptor_count, int32_t own_group, int32_t *reason)
{
    int map[HIGHEST_DESCRIPTOR + 1];
    int map_size = 0;
    size_t i;
    struct inheritance inherit;
    pid_t pid;
    memset(&inherit, 0, sizeof inherit);
    for (i = 0; i <= HIGHEST_DESCRIPTOR; i++)
        map[i] = SPAWN_FDCLOSED;
    for (i = 0; i < descriptor_count; i++) {
        int childs = descriptors[i].childs;
        if (childs < 0 || childs > HIGHEST_DESCRIPTOR) {
            errno = EBADF;
            return failed(reason);
        }
        map[childs] = descriptors[i].ours;
        if (childs >= map_size)
            map_size = childs + 1;
    }
    inherit.flags = (short)(SPAWN_SETSIGMASK | SPAWN_SETSIGDEF);
    sigemptyset(&inherit.sigmask);
    ignored_signals(&inherit.sigdefault);
    if (own_group) {
        inherit.flags = (short)(inherit.flags | SPAWN_SETGROUP);
        inherit.pgroup = SPAWN_NEWPGROUP;
    } else {
        for (i = 0; i < sizeof taken / sizeof taken[0]; i++) {
            if (taken[i].number != SIGDANGER)
                sigaddset(&inherit.sigmask, taken[i].number);
        }
    }
    pid = spawn(program, map_size, map, &inherit, (const char **)arguments, (const char **)environment);
    return pid > 0 ? done((int32_t)pid, reason) : failed(reason);
}

int32_t zwelnch_wait_for_end(int32_t *reason)
{
    siginfo_t information;
    for (;;) {
        memset(&information, 0, sizeof information);
        if (waitid(P_ALL, 0, &information, WEXITED | WNOWAIT) == 0)
            return done(0, reason);
        if (errno != EINTR)
            return failed(reason);
    }
}

int32_t zwelnch_reap(int32_t pid, int32_t no_wait, int32_t *raw_status, int32_t *end, int32_t *value, int32_t *reason)
{
    for (;;) {
        int status = 0;
        pid_t ended = waitpid((pid_t)pid, &status, no_wait ? WNOHANG : 0);
        if (ended == 0)
            return done(0, reason);
        if (ended < 0) {
            if (errno == EINTR)
                continue;
            return failed(reason);
        }
        *raw_status = (int32_t)status;
        if (WIFEXITED(status)) {
            *end = ZWELNCH_END_EXITED;
            *value = WEXITSTATUS(status);
            return done((int32_t)ended, reason);
        }
        if (WIFSIGNALED(status)) {
            *end = ZWELNCH_END_SIGNALED;
            *value = WTERMSIG(status);
            return done((int32_t)ended, reason);
        }
    }
}

static int64_t milliseconds(clock_t ticks)
{
    return (int64_t)ticks * 1000 / sysconf(_SC_CLK_TCK);
}

/*
 * D OMVS (BPXO001I) and ps show the state as a letter: Z has ended and its parent has not waited, L has been waited for and leads a session or a
 * group still. REXX's getpsent has it as PS_STATE. In which byte of ps_state it stands no source says, so all are looked at, and kill() has to
 * agree: it refuses a zombie (libuv), and our own living processes not.
 */
#define STATE_ZOMBIE 0xE9u
#define STATE_LEADER_ENDED 0xD3u

static int is_dead(unsigned int state, pid_t pid)
{
    int has_letter = 0;
    for (; state != 0; state >>= 8) {
        if ((state & 0xFFu) == STATE_ZOMBIE || (state & 0xFFu) == STATE_LEADER_ENDED)
            has_letter = 1;
    }
    return has_letter && kill(pid, 0) != 0;
}

int32_t zwelnch_processes(struct zwelnch_process processes[], size_t capacity, int32_t *reason)
{
    int32_t count = 0;
    int token = 0;
    for (;;) {
        /* The texts are not asked for, but the service wants places for them, and their sizes before every call. */
        char terminal[1025], path[1025], command[1025];
        W_PSPROC entry;
        memset(&entry, 0, sizeof entry);
        entry.ps_conttyptr = terminal;
        entry.ps_conttylen = sizeof terminal;
        entry.ps_pathptr = path;
        entry.ps_pathlen = sizeof path;
        entry.ps_cmdptr = command;
        entry.ps_cmdlen = sizeof command;
        token = w_getpsent(token, &entry, sizeof entry);
        if (token < 0)
            return failed(reason);
        if (token == 0)
            return done(count, reason);
        if ((size_t)count < capacity) {
            struct zwelnch_process *process = &processes[count];
            process->pid = (int32_t)entry.ps_pid;
            process->parent = (int32_t)entry.ps_ppid;
            process->group = (int32_t)entry.ps_pgpid;
            process->user = (uint32_t)entry.ps_euid;
            process->started = (int64_t)entry.ps_starttime;
            process->session = (int32_t)entry.ps_sid;
            process->dead = is_dead(entry.ps_state, entry.ps_pid);
            process->cpu = milliseconds(entry.ps_usertime) + milliseconds(entry.ps_systime);
        }
        count++;
    }
}

static void taken_signals(sigset_t *set)
{
    size_t i;
    sigemptyset(set);
    for (i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        struct sigaction action;
        /* One that is ignored (nohup) stays so. */
        if (sigaction(taken[i].number, NULL, &action) != 0 || action.sa_handler != SIG_IGN)
            sigaddset(set, taken[i].number);
    }
}

int32_t zwelnch_signals_block(int32_t *reason)
{
    sigset_t set;
    int error;
    taken_signals(&set);
    error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error == 0)
        return done(0, reason);
    errno = error > 0 ? error : errno;
    return failed(reason);
}

int32_t zwelnch_signal_wait(int32_t *reason)
{
    sigset_t set;
    taken_signals(&set);
    for (;;) {
        int number = 0;
        int result = sigwait(&set, &number);
        size_t i;
        if (result != 0) {
            errno = result > 0 ? result : errno;
            if (errno == EINTR)
                continue;
            return failed(reason);
        }
        for (i = 0; i < sizeof taken / sizeof taken[0]; i++) {
            if (taken[i].number == number)
                return done(taken[i].code, reason);
        }
    }
}

int32_t zwelnch_register_danger(int32_t *reason)
{
    return __shutdown_registration(_SDR_NOTIFY, _SDR_REGPROCESS, _SDR_SENDSIGDANGER) == 0 ? done(0, reason) : failed(reason);
}

/* ---- Files ---- */

int32_t zwelnch_tag_get(int32_t descriptor, uint16_t *ccsid, int32_t *text, int32_t *reason)
{
    struct stat information;
    *ccsid = 0;
    *text = 0;
    if (fstat(descriptor, &information) != 0)
        return failed(reason);
    *ccsid = information.st_tag.ft_ccsid;
    *text = information.st_tag.ft_txtflag ? 1 : 0;
    return done(0, reason);
}

int32_t zwelnch_tag_set(int32_t descriptor, uint16_t ccsid, int32_t text, int32_t *reason)
{
    struct file_tag tag;
    memset(&tag, 0, sizeof tag);
    tag.ft_ccsid = ccsid;
    tag.ft_txtflag = text ? 1 : 0;
    return fcntl(descriptor, F_SETTAG, &tag) == 0 ? done(0, reason) : failed(reason);
}

int32_t zwelnch_conversion_off(int32_t descriptor, int32_t *reason)
{
    struct f_cnvrt conversion;
    memset(&conversion, 0, sizeof conversion);
    conversion.cvtcmd = SETCVTOFF;
    return fcntl(descriptor, F_CONTROL_CVT, &conversion) == 0 ? done(0, reason) : failed(reason);
}

int32_t zwelnch_conversion_on(int32_t descriptor, int32_t *reason)
{
    struct f_cnvrt conversion;
    memset(&conversion, 0, sizeof conversion);
    conversion.cvtcmd = SETCVTON;
    /* 0: that of the program that reads or writes. */
    conversion.pccsid = 0;
    conversion.fccsid = 1047;
    return fcntl(descriptor, F_CONTROL_CVT, &conversion) == 0 ? done(0, reason) : failed(reason);
}

int32_t zwelnch_lock(int32_t descriptor, int32_t *reason)
{
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(descriptor, F_SETLK, &lock) == 0)
        return done(0, reason);
    if (errno == EACCES)
        errno = EAGAIN;
    return failed(reason);
}

int32_t zwelnch_locked(int32_t descriptor, int32_t *reason)
{
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    /* What a lock for reading would meet are locks for writing alone, and this descriptor need not be open for writing. */
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(descriptor, F_GETLK, &lock) != 0)
        return failed(reason);
    return done(lock.l_type != F_UNLCK, reason);
}

static const char *const data_definition_names[2] = {"DD:SYSPRINT", "DD:SYSERR"};

static struct data_definition {
    FILE *stream;
    /* Bytes of text that a record takes. */
    size_t length;
    /* Every record has this length. */
    int is_fixed;
    /* The printer's control character at the beginning of each record, for "next line"; 0: none. */
    uint8_t control;
    /* A record of the full length, for those that are not written as they are given. */
    uint8_t record[32761];
} data_definitions[2];

#define ASA_NEXT_LINE 0x40
#define MACHINE_NEXT_LINE 0x09
#define EBCDIC_BLANK 0x40

/* What of a record is text depends on its format. Where that is not told the record is written as it is given. */
static int learn_format(struct data_definition *dd)
{
    fldata_t data;
    size_t length;
    memset(&data, 0, sizeof data);
    if (fldata(dd->stream, NULL, &data) != 0)
        return -1;
    length = (size_t)data.__maxreclen;
    /* A record of variable length begins with four bytes that say how long it is, and LRECL counts them. */
    if (data.__recfmV && length > 4)
        length -= 4;
    dd->control = data.__recfmASA ? ASA_NEXT_LINE : data.__recfmM ? MACHINE_NEXT_LINE : 0;
    if (dd->control != 0 && length > 1)
        length -= 1;
    dd->is_fixed = data.__recfmF ? 1 : 0;
    dd->length = length;
    return 0;
}

/* Record by record: nothing between us and the data set converts, folds or buffers a line. */
static struct data_definition *data_definition(int32_t number)
{
    struct data_definition *dd;
    if (number < 0 || number > 1) {
        errno = EINVAL;
        return NULL;
    }
    dd = &data_definitions[number];
    if (dd->stream == NULL) {
        dd->length = 0;
        dd->is_fixed = 0;
        dd->control = 0;
        dd->stream = fopen(data_definition_names[number], "wb,type=record");
    }
    return dd->stream != NULL ? dd : NULL;
}

int32_t zwelnch_dd_write(int32_t number, const uint8_t *record, size_t size, int32_t *reason)
{
    struct data_definition *dd;
    int32_t result;
    errno = 0;
    dd = data_definition(number);
    if (dd == NULL)
        return failed(reason);
    if (dd->length == 0)
        learn_format(dd);
    /* The C library cuts what is too long. */
    if (dd->length != 0 && size > dd->length) {
        errno = EINVAL;
        return failed(reason);
    }
    if (dd->length != 0 && dd->length + 1 <= sizeof dd->record && (dd->is_fixed || dd->control != 0)) {
        size_t before = dd->control != 0 ? 1 : 0;
        dd->record[0] = dd->control;
        memcpy(dd->record + before, record, size);
        size += before;
        if (dd->is_fixed) {
            /* Else it is padded with NULs, which no browser shows as blanks. */
            memset(dd->record + size, EBCDIC_BLANK, before + dd->length - size);
            size = before + dd->length;
        }
        record = dd->record;
    }
    if (fwrite(record, 1, size, dd->stream) == size && fflush(dd->stream) == 0)
        return done(0, reason);
    result = failed(reason);
    fclose(dd->stream);
    dd->stream = NULL;
    return result;
}

int32_t zwelnch_dd_record_length(int32_t number, int32_t *reason)
{
    struct data_definition *dd;
    errno = 0;
    dd = data_definition(number);
    if (dd == NULL || learn_format(dd) != 0)
        return failed(reason);
    return done((int32_t)dd->length, reason);
}

int32_t zwelnch_read_records(const char *name, uint8_t *bytes, size_t size, size_t *needed, int32_t *reason)
{
    static const size_t longest_record = 32760;
    uint8_t *record;
    size_t length;
    int32_t result = 0;
    FILE *stream;
    *needed = 0;
    errno = 0;
    stream = fopen(name, "rb,type=record");
    if (stream == NULL)
        return failed(reason);
    record = malloc(longest_record);
    if (record == NULL) {
        result = failed(reason);
        fclose(stream);
        return result;
    }
    while (length = fread(record, 1, longest_record, stream), length > 0 || !(feof(stream) || ferror(stream))) {
        size_t room = *needed < size ? size - *needed : 0;
        if (room > 0)
            memcpy(bytes + *needed, record, length < room ? length : room);
        if (length < room)
            bytes[*needed + length] = 0x15;
        *needed += length + 1;
    }
    if (ferror(stream))
        result = failed(reason);
    else
        done(0, reason);
    free(record);
    fclose(stream);
    return result;
}

/* ---- The system ---- */

int32_t zwelnch_system(char *name, size_t size, int32_t *version, int32_t *release, int32_t *reason)
{
    struct utsname information;
    if (uname(&information) < 0)
        return failed(reason);
    snprintf(name, size, "%s", information.nodename);
    /* __osname() gives the product's own version and release; uname's are numbers from the time of OS/390. */
    if (__osname(&information) < 0)
        return failed(reason);
    *version = atoi(information.version);
    *release = atoi(information.release);
    return done(0, reason);
}

static uint32_t word(uint32_t address)
{
    const uint8_t *place = storage(address);
    return ((uint32_t)place[0] << 24) | ((uint32_t)place[1] << 16) | ((uint32_t)place[2] << 8) | place[3];
}

/* Offsets of PSA, ASCB, ASXB, CVT, SMCA and RCVT are architected interfaces: MVS Data Areas. */
#define FLCCVT 0x010
#define PSAAOLD 0x224
#define ASCBASXB 0x06C
#define ASCBJBNI 0x0AC
#define ASCBJBNS 0x0B0
#define ASXBUSR8 0x0C0
#define CVTSMCA 0x0C4
#define SMCAITME 0x150
#define CVTRAC 0x3E0

void zwelnch_job_name(uint8_t name[8])
{
    uint32_t ascb = word(PSAAOLD);
    /* Of a job that an initiator runs, else of a started task. */
    uint32_t place = word(ascb + ASCBJBNI);
    if (place == 0)
        place = word(ascb + ASCBJBNS);
    if (place == 0)
        memset(name, 0x40, 8);
    else
        memcpy(name, storage(place), 8);
}

void zwelnch_user_id(uint8_t name[8])
{
    memcpy(name, storage(word(word(PSAAOLD) + ASCBASXB) + ASXBUSR8), 8);
}

void zwelnch_ipl(uint8_t time_and_date[8])
{
    memcpy(time_and_date, storage((word(word(FLCCVT) + CVTSMCA) & 0x7FFFFFFFu) + SMCAITME), 8);
}

void zwelnch_security_product(uint8_t name[4])
{
    uint32_t rcvt = word(word(FLCCVT) + CVTRAC);
    if (rcvt == 0)
        memset(name, 0x40, 4);
    else
        memcpy(name, storage(rcvt), 4);
}

void zwelnch_exit(int32_t condition_code)
{
    exit(condition_code);
}
