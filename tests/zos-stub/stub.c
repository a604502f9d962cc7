/* See README.md. Only for tests: built with the cargo feature zos-stub, never into a product. */
#include "include/zos_stub.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <string.h>
#include <stdarg.h>
#include <r_datalib.h>
#include <sys/__getipc.h>
#include <sys/__messag.h>
#include <sys/ps.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
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

#define MOST_TEXT 17850

static void word_of_file(const char *name, const char *otherwise, char *place, size_t size);
static void ebcdic_name(unsigned char *place, const char *text, size_t size);

/* Who has not UID 0 has "BPXM023I (user) " put before the text. */
static size_t wrapper(unsigned char text[32])
{
    static const unsigned char id[] = {0xC2, 0xD7, 0xE7, 0xD4, 0xF0, 0xF2, 0xF3, 0xC9, 0x40, 0x4D};
    char user[9];
    size_t length;
    word_of_file("uid", "990", user, sizeof user);
    if (atoi(user) == 0)
        return 0;
    word_of_file("user-id", "ZWESVUSR", user, sizeof user);
    length = strlen(user);
    memcpy(text, id, sizeof id);
    ebcdic_name(text + sizeof id, user, length);
    text[sizeof id + length] = 0x5D;
    text[sizeof id + length + 1] = 0x40;
    return sizeof id + length + 2;
}

int __console2(struct __cons_msg2 *msg, char *modstr, int *concmd)
{
    if (fails(modstr != NULL ? "console2" : "console2.message"))
        return -1;
    if (concmd == NULL)
        return fail_with(EFAULT, 0);
    if (msg->__cm2_format != __CONSOLE_FORMAT_2 && msg->__cm2_format != __CONSOLE_FORMAT_3)
        return fail_with(EINVAL, 0);
    if (msg->__cm2_msg != NULL) {
        unsigned char text[MOST_TEXT + 32];
        size_t size;
        /* Longer than a message of 255 lines can be. */
        if (msg->__cm2_msglength > MOST_TEXT)
            return fail_with(EINVAL, 0);
        size = wrapper(text);
        memcpy(text + size, msg->__cm2_msg, msg->__cm2_msglength);
        record_wto("console2", msg->__cm2_routcde, msg->__cm2_descr, msg->__cm2_msg_cart, msg->__cm2_msg_consid, text,
                   size + msg->__cm2_msglength);
    }
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
    /* ABEND D23 of a text that is too long. */
    if (parameters[0] != 0 || size > 126)
        abort();
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
    char format[8];
    int at_end, error;
};

/* LRECL and RECFM as the DD statement has them. Without RECFM the C library takes variable records. */
static void describe(struct stream *stream, const char *dd)
{
    char name[64], word[16];
    snprintf(name, sizeof name, "dd/%s.lrecl", dd);
    word_of_file(name, "1600", word, sizeof word);
    stream->record_length = (unsigned int)atoi(word);
    snprintf(name, sizeof name, "dd/%s.recfm", dd);
    word_of_file(name, "VB", stream->format, sizeof stream->format);
}

/* LRECL of variable records counts the four bytes with their length. */
static size_t room(const struct stream *stream)
{
    return stream->format[0] == 'V' ? stream->record_length - 4 : stream->record_length;
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
        describe(stream, name + 3);
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

/*
 * "If you attempt to write more new data than a full record can hold [...] XL C/C++ truncates your output at the record boundary. When [it]
 * performs a truncation, it sets errno" and "when you are writing new records to a fixed-record I/O file, if you try to write a short record,
 * [it] pads the record with nulls out to LRECL" (Programming Guide, "Writing to record I/O files").
 */
size_t zos_stub_fwrite(const void *place, size_t size, size_t count, FILE *handle)
{
    struct stream *stream = (struct stream *)handle;
    size_t length = size * count, padding;
    if (fails("fwrite")) {
        stream->error = 1;
        return 0;
    }
    if (length > room(stream)) {
        length = room(stream);
        stream->error = 1;
        fail_with(EIO, (int)0xC0200020);
    }
    if (fwrite(place, 1, length, stream->file) != length)
        return 0;
    for (padding = stream->format[0] == 'F' ? room(stream) - length : 0; padding > 0; padding--)
        fputc(0, stream->file);
    return fputc(0x15, stream->file) == EOF ? 0 : length / size;
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
    memset(data, 0, sizeof *data);
    data->__maxreclen = ((struct stream *)handle)->record_length;
    data->__recfmF = ((struct stream *)handle)->format[0] == 'F';
    data->__recfmV = ((struct stream *)handle)->format[0] == 'V';
    data->__recfmU = ((struct stream *)handle)->format[0] == 'U';
    data->__recfmASA = strchr(((struct stream *)handle)->format, 'A') != NULL;
    data->__recfmM = strchr(((struct stream *)handle)->format, 'M') != NULL;
    return 0;
}

/* The system converts what is read and written. */
#define CONVERTING 3
static int converts[CONVERTING];

/* ---- Tags: a file tags/<device>.<inode>.<time of birth> with the tag in hexadecimal, so that every process sees it ---- */

/* An inode is used again for another file, which has no tag: its time of birth tells them apart. A pipe has none. */
static int tag_path(int descriptor, char *path, size_t size)
{
    char name[96];
    struct statx information;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &information) != 0)
        return -1;
    if (!(information.stx_mask & STATX_BTIME))
        memset(&information.stx_btime, 0, sizeof information.stx_btime);
    snprintf(name, sizeof name, "tags/%x-%x.%llu.%lld-%u", information.stx_dev_major, information.stx_dev_minor,
             (unsigned long long)information.stx_ino, (long long)information.stx_btime.tv_sec, information.stx_btime.tv_nsec);
    path_of(path, size, name);
    return 0;
}

static void read_tag(int descriptor, struct file_tag *tag)
{
    char path[PATH_MAX + 128];
    unsigned int ccsid = 0, text = 0;
    FILE *file;
    memset(tag, 0, sizeof *tag);
    if (tag_path(descriptor, path, sizeof path) != 0 || (file = fopen(path, "re")) == NULL)
        return;
    if (fscanf(file, "%x %x", &ccsid, &text) == 2) {
        tag->ft_ccsid = (unsigned short)ccsid;
        tag->ft_txtflag = text & 1;
    }
    fclose(file);
}

static int write_tag(int descriptor, const struct file_tag *tag)
{
    char path[PATH_MAX + 128], directory[PATH_MAX + 64];
    FILE *file;
    if (tag_path(descriptor, path, sizeof path) != 0)
        return -1;
    path_of(directory, sizeof directory, "tags");
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return -1;
    file = fopen(path, "we");
    if (file == NULL)
        return -1;
    fprintf(file, "%x %x\n", (unsigned)tag->ft_ccsid, (unsigned)tag->ft_txtflag);
    return fclose(file) == 0 ? 0 : -1;
}

int zos_stub_fstat(int descriptor, struct zos_stub_stat *information)
{
    struct stat real;
    if (fails("fstat") || fstat(descriptor, &real) != 0)
        return -1;
    memset(information, 0, sizeof *information);
    read_tag(descriptor, &information->st_tag);
    return 0;
}

int zos_stub_fcntl(int descriptor, int command, void *argument)
{
    if (fails("fcntl") || (command == F_SETTAG && fails("fcntl.settag")))
        return -1;
    if (command == F_SETTAG)
        return write_tag(descriptor, argument);
    if (command == F_CONTROL_CVT) {
        const struct f_cnvrt *conversion = argument;
        struct stat information;
        if (fails(conversion->cvtcmd == SETCVTON ? "fcntl.cvton" : "fcntl.cvtoff") || fstat(descriptor, &information) != 0)
            return -1;
        if (conversion->cvtcmd == SETCVTON && (conversion->pccsid != 0 || conversion->fccsid != 1047))
            return fail_with(EINVAL, 0);
        if (descriptor >= 0 && descriptor < CONVERTING)
            converts[descriptor] = conversion->cvtcmd == SETCVTON;
        return 0;
    }
    return fcntl(descriptor, command, argument);
}

/*
 * The system's side of it, for this program's descriptors 0 to 2: its own read and write come here instead of to the C library. What it does
 * not convert goes as it is, so that whoever reads the other end as IBM-1047 sees what z/OS would show.
 */
/* By iconv of the GNU C library, with LF and NL as z/OS has them. */
static const unsigned char of_ibm_1047[256] = {
    0x00, 0x01, 0x02, 0x03, 0x9c, 0x09, 0x86, 0x7f, 0x97, 0x8d, 0x8e, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x9d, 0x0a, 0x08, 0x87, 0x18, 0x19, 0x92, 0x8f, 0x1c, 0x1d, 0x1e, 0x1f,
    0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x17, 0x1b, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x05, 0x06, 0x07,
    0x90, 0x91, 0x16, 0x93, 0x94, 0x95, 0x96, 0x04, 0x98, 0x99, 0x9a, 0x9b, 0x14, 0x15, 0x9e, 0x1a,
    0x20, 0xa0, 0xe2, 0xe4, 0xe0, 0xe1, 0xe3, 0xe5, 0xe7, 0xf1, 0xa2, 0x2e, 0x3c, 0x28, 0x2b, 0x7c,
    0x26, 0xe9, 0xea, 0xeb, 0xe8, 0xed, 0xee, 0xef, 0xec, 0xdf, 0x21, 0x24, 0x2a, 0x29, 0x3b, 0x5e,
    0x2d, 0x2f, 0xc2, 0xc4, 0xc0, 0xc1, 0xc3, 0xc5, 0xc7, 0xd1, 0xa6, 0x2c, 0x25, 0x5f, 0x3e, 0x3f,
    0xf8, 0xc9, 0xca, 0xcb, 0xc8, 0xcd, 0xce, 0xcf, 0xcc, 0x60, 0x3a, 0x23, 0x40, 0x27, 0x3d, 0x22,
    0xd8, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0xab, 0xbb, 0xf0, 0xfd, 0xfe, 0xb1,
    0xb0, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0xaa, 0xba, 0xe6, 0xb8, 0xc6, 0xa4,
    0xb5, 0x7e, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0xa1, 0xbf, 0xd0, 0x5b, 0xde, 0xae,
    0xac, 0xa3, 0xa5, 0xb7, 0xa9, 0xa7, 0xb6, 0xbc, 0xbd, 0xbe, 0xdd, 0xa8, 0xaf, 0x5d, 0xb4, 0xd7,
    0x7b, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0xad, 0xf4, 0xf6, 0xf2, 0xf3, 0xf5,
    0x7d, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0xb9, 0xfb, 0xfc, 0xf9, 0xfa, 0xff,
    0x5c, 0xf7, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0xb2, 0xd4, 0xd6, 0xd2, 0xd3, 0xd5,
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0xb3, 0xdb, 0xdc, 0xd9, 0xda, 0x9f,
};

static void convert(unsigned char *place, const unsigned char *bytes, size_t size, int to_ibm_1047)
{
    unsigned char inverse[256];
    size_t i;
    for (i = 0; i < 256; i++)
        inverse[of_ibm_1047[i]] = (unsigned char)i;
    for (i = 0; i < size; i++)
        place[i] = to_ibm_1047 ? inverse[bytes[i]] : of_ibm_1047[bytes[i]];
}

ssize_t read(int descriptor, void *place, size_t size)
{
    ssize_t length = syscall(SYS_read, descriptor, place, size);
    if (length > 0 && descriptor >= 0 && descriptor < CONVERTING && converts[descriptor])
        convert(place, place, (size_t)length, 0);
    return length;
}

ssize_t write(int descriptor, const void *bytes, size_t size)
{
    unsigned char converted[4096];
    if (descriptor < 0 || descriptor >= CONVERTING || !converts[descriptor])
        return syscall(SYS_write, descriptor, bytes, size);
    if (size > sizeof converted)
        size = sizeof converted;
    convert(converted, bytes, size, 1);
    return syscall(SYS_write, descriptor, converted, size);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count)
{
    ssize_t whole = 0;
    int i;
    if (descriptor < 0 || descriptor >= CONVERTING || !converts[descriptor])
        return syscall(SYS_writev, descriptor, parts, count);
    for (i = 0; i < count; i++) {
        ssize_t length = write(descriptor, parts[i].iov_base, parts[i].iov_len);
        if (length < 0)
            return whole > 0 ? whole : -1;
        whole += length;
        if ((size_t)length < parts[i].iov_len)
            break;
    }
    return whole;
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
    char own[PATH_MAX], asked[PATH_MAX];
    const char *variable = getenv("ZWELNCH_EMULATOR");
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    int count = 0;
    char *word, *rest;
    if (variable == NULL || length <= 0)
        return argv;
    own[length] = 0;
    if (realpath(*program, asked) == NULL || strcmp(own, asked) != 0)
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
    size_t length = strspn(entry, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789$#@");
    return length >= 1 && length <= 8 && entry[length] == 0;
}

pid_t spawn(const char *path, int fd_count, const int fd_map[], const struct inheritance *inherit, const char *argv[], const char *envp[])
{
    char place[PATH_MAX + 64], line[PATH_MAX + 256];
    const char *share_as = "?", *job_name = "-", *program, **arguments, *words[64];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    struct stat information;
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
    /* "Incorrect specifications are ignored" (UNIX Planning, _BPX_JOBNAME). */
    if (job_name[0] != '-' && !is_valid_job_name(job_name))
        job_name = "-";
    /* BPX.JOBNAME: no authority. */
    if (job_name[0] != '-' && fails("spawn.jobname"))
        return -1;
    if (fails("spawn"))
        return -1;
    program = program_of(path, place, sizeof place);
    /* qemu-user cannot tell of an exec that failed. */
    if (access(program, X_OK) != 0)
        return fail_with(errno, 0x0594003D);
    /* Such a program never shares (BPXBATCH, z/OS 3.1); with MUST it is not run at all. The error is not sourced. */
    if (strcmp(share_as, "MUST") == 0 && stat(program, &information) == 0 && (information.st_mode & (S_ISVTX | S_ISUID | S_ISGID)) != 0)
        return fail_with(EINVAL, 0);
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

int zos_stub_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    return fails("pthread_sigmask") ? errno : pthread_sigmask(how, set, old);
}

/* As libuv has seen it: a zombie refuses every signal, also none. */
int zos_stub_kill(pid_t pid, int number)
{
    char path[64], line[1024], *rest;
    int is_zombie = 0;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file != NULL) {
        is_zombie = fgets(line, sizeof line, file) != NULL && (rest = strrchr(line, ')')) != NULL && rest[2] == 'Z';
        fclose(file);
    }
    return is_zombie ? fail_with(EPERM, 0) : kill(pid, number);
}

/* The letters of D OMVS: ended, else single-threaded; which byte of the word has it is not known, so it is not always the same one here. */
static unsigned int state_of(char state, int pid)
{
    unsigned int letter = state == 'Z' ? 0xE9u : 0xF1u;
    return letter << 8 * (pid % 4);
}

/* The token is the process id of the entry before. */
int w_getpsent(int token, W_PSPROC *buffptr, size_t length)
{
    DIR *directory;
    struct dirent *entry;
    int next = 0;
    if (fails("w_getpsent"))
        return -1;
    /* The sizes of the buffers are given anew with every call. */
    if (length != sizeof *buffptr || buffptr->ps_conttylen <= 0 || buffptr->ps_pathlen <= 0 || buffptr->ps_cmdlen <= 0)
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
        int parent = 0, group = 0, session = 0;
        char state = 0;
        FILE *file;
        snprintf(path, sizeof path, "/proc/%d/stat", next);
        buffptr->ps_pid = next;
        /* Whether the system writes them is not known: nobody may count on what was there. */
        buffptr->ps_conttylen = buffptr->ps_pathlen = buffptr->ps_cmdlen = 0;
        file = fopen(path, "r");
        if (file != NULL) {
            char line[1024], *rest;
            if (fgets(line, sizeof line, file) != NULL && (rest = strrchr(line, ')')) != NULL
                && sscanf(rest + 1, " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %llu", &state, &parent,
                          &group, &session, &user, &system, &started) == 7) {
                buffptr->ps_state = state_of(state, next);
                buffptr->ps_sid = session;
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

/* ---- Key rings ---- */

static unsigned char ebcdic_of(char c)
{
    static const struct {
        char ascii;
        unsigned char ebcdic;
    } others[] = {{' ', 0x40}, {'.', 0x4B}, {'(', 0x4D}, {'&', 0x50}, {'$', 0x5B}, {'*', 0x5C}, {')', 0x5D},
                  {'-', 0x60}, {'/', 0x61}, {'_', 0x6D}, {'#', 0x7B}, {'@', 0x7C}};
    size_t i;
    if (c >= '0' && c <= '9')
        return (unsigned char)(0xF0 + c - '0');
    for (i = 0; i < 2; i++) {
        char first = i == 0 ? 'a' : 'A';
        unsigned char row = i == 0 ? 0x80 : 0xC0;
        if (c >= first && c <= first + 8)
            return (unsigned char)(row + 0x01 + c - first);
        if (c >= first + 9 && c <= first + 17)
            return (unsigned char)(row + 0x11 + c - first - 9);
        if (c >= first + 18 && c <= first + 25)
            return (unsigned char)(row + 0x22 + c - first - 18);
    }
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i].ascii == c)
            return others[i].ebcdic;
    }
    return 0x6F;
}

static void ascii_of(char *text, const uint8_t *ebcdic, size_t size)
{
    size_t i;
    int c;
    for (i = 0; i < size; i++) {
        text[i] = '?';
        for (c = ' '; c < 127; c++) {
            if (ebcdic_of((char)c) == ebcdic[i] && ebcdic[i] != 0x6F)
                text[i] = (char)c;
        }
    }
    text[size] = 0;
}

/* Line `number` of a ring's index: "file usage status default owner key label", and its certificate. */
static int ring_entry(const char *ring, unsigned int number, char fields[6][64], char label[64], uint8_t *der, size_t *size)
{
    char path[PATH_MAX + 512], line[512];
    FILE *file;
    unsigned int at = 0;
    int found = 0;
    snprintf(path, sizeof path, "%s/index", ring);
    file = fopen(path, "r");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        if (at++ == number)
            found = sscanf(line, "%63s %63s %63s %63s %63s %63s %63[^\n]", fields[0], fields[1], fields[2], fields[3], fields[4], fields[5],
                           label) == 7;
    }
    if (file != NULL)
        fclose(file);
    if (!found)
        return 0;
    snprintf(path, sizeof path, "%s/%s", ring, fields[0]);
    file = fopen(path, "rb");
    *size = file != NULL ? fread(der, 1, *size, file) : 0;
    if (file != NULL)
        fclose(file);
    return 1;
}

static void answer(int32_t *saf, int32_t *racf, int32_t *reason, int s, int r, int n)
{
    *saf = s;
    *racf = r;
    *reason = n;
}

void IRRSDL64(uint32_t *parameters, void *work_area, uint32_t *alet_1, int32_t *saf, uint32_t *alet_2, int32_t *racf, uint32_t *alet_3,
              int32_t *reason, uint8_t *function, uint32_t *attributes, struct r_datalib_user *user, struct r_datalib_ring *ring,
              uint32_t *list_version, void *parameter_list)
{
    static __thread uint32_t position, token;
    struct r_datalib_get *list = parameter_list;
    char owner[16], name[256], relative[320], place[PATH_MAX + 320], path[PATH_MAX + 512], fields[6][64], label[64];
    static uint8_t der[256 * 1024];
    size_t size = sizeof der, i;
    int s, r, n;
    FILE *file;
    int needs_key, fits;
    answer(saf, racf, reason, 8, 8, 4);
    if (*parameters != 14 || ((uintptr_t)work_area & 7) != 0 || *alet_1 != 0 || *alet_2 != 0 || *alet_3 != 0)
        return;
    if (*attributes != 0 && *attributes != 0x80000000u)
        return;
    answer(saf, racf, reason, 8, 8, 28);
    if (user->length > 8 || ring->length > 237 || ring->length == 0)
        return;
    ascii_of(owner, user->name, user->length);
    ascii_of(name, ring->name, ring->length);
    snprintf(relative, sizeof relative, "rings/%s.%s", owner, name);
    path_of(place, sizeof place, relative);
    if (*function == 3) {
        append("rings/aborted", "aborted\n");
        answer(saf, racf, reason, 0, 0, 0);
        return;
    }
    answer(saf, racf, reason, 8, 8, *function > 3 ? 20 : 24);
    if (*function == 0 || *function > 3 || *list_version > 1)
        return;
    answer(saf, racf, reason, 8, 8, 84);
    if (access(place, F_OK) != 0)
        return;
    snprintf(path, sizeof path, "%s/codes", place);
    file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%d %d %d", &s, &r, &n) == 3)
            answer(saf, racf, reason, s, r, n);
        fclose(file);
        return;
    }
    answer(saf, racf, reason, 8, 8, 32);
    if (list->label_length < 32 || list->record_id_length < 246 || list->owner_length != 8)
        return;
    /* The token is the caller's thread's alone. */
    answer(saf, racf, reason, 8, 8, 36);
    if (*function == 2 && (token == 0 || list->handle->token != token))
        return;
    if (*function == 1)
        position = token = 0;
    answer(saf, racf, reason, 8, 8, 44);
    if (!ring_entry(place, position, fields, label, der, &size))
        return;
    if (list->private_key != NULL || list->private_key_length != 0)
        append("rings/private-key-asked-for", "yes\n");
    token = list->handle->token = 0x4711;
    list->usage = (uint32_t)strtoul(fields[1], NULL, 0);
    list->status = (uint32_t)strtoul(fields[2], NULL, 0);
    list->is_default = fields[3][0] == '1';
    memset(list->owner, 0x40, 8);
    for (i = 0; i < 8 && fields[4][i] != 0; i++)
        list->owner[i] = ebcdic_of(fields[4][i]);
    list->label_length = (uint32_t)(strlen(label) > 32 ? 32 : strlen(label));
    for (i = 0; i < list->label_length; i++)
        list->label[i] = ebcdic_of(label[i]);
    /* no, or what becomes of a certificate with a key for which there is no room: withheld, given, or not passed over. */
    needs_key = strcmp(fields[5], "no") != 0 && list->private_key_length < 1200;
    fits = list->certificate_length >= size;
    if (fits && (!needs_key || strcmp(fields[5], "given") == 0))
        memcpy(list->certificate, der, size);
    list->certificate_length = (uint32_t)size;
    list->subject_length = 64;
    list->record_id_length = 16;
    list->private_key_length = needs_key ? 1200 : 0;
    if (!needs_key || strcmp(fields[5], "stuck") != 0)
        position++;
    answer(saf, racf, reason, fits && !needs_key ? 0 : 8, fits && !needs_key ? 0 : 8, fits && !needs_key ? 0 : 48);
}
