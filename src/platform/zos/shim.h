/*
 * The z/OS services that zwelnch needs, as platform::zos sees them.
 *
 * Everything that depends on z/OS headers, entry point names, assembler services or control blocks stays behind this interface; it is
 * compiled by the system's own compiler with the system's own headers, in ASCII mode. Policy is Rust's: a function here does one thing and
 * says how it went. Contract: docs/contract/zos-platform.md.
 *
 * Conventions
 *   - `uint8_t` text is IBM-1047 as the system has it, with its length and no terminator: one table, Rust's, does all conversion.
 *     `char` text (paths, arguments, variables) is what the C library takes in ASCII mode, NUL-terminated.
 *   - A result of 0 or more is success. A negative result is failure: -errno, and the reason code (errno2) stands in *reason, which is
 *     written on every call and may be NULL.
 *   - A buffer is given with its size and is never overrun.
 *   - No function keeps a pointer it was given. Functions may be called from any thread unless said otherwise.
 */
#ifndef ZWELNCH_ZOS_SHIM_H
#define ZWELNCH_ZOS_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The interface's version: platform::zos refuses a shim that was built with another one. */
#define ZWELNCH_SHIM_VERSION 6
int32_t zwelnch_shim_version(void);
/* sizeof the structures below, in their order: the Rust side compares them with its own. */
void zwelnch_shim_layout(uint32_t sizes[5]);

/* ---- The operator's console ------------------------------------------------------------------------------------------------------ */

#define ZWELNCH_CONSOLE_MODIFY 1
#define ZWELNCH_CONSOLE_STOP 2
#define ZWELNCH_MODIFY_SIZE 128

/* Where the answer to a MODIFY goes: the command and response token and the console id, as the system gave them. */
struct zwelnch_console_origin {
    uint8_t cart[8];
    uint8_t console_id[4];
};

/*
 * Waits for the next operator command (__console2). Blocks; EINTR is waited through. One thread does nothing but call this: while a MODIFY
 * is being worked on by it, the system answers the next one IEE342I.
 *
 *   kind    ZWELNCH_CONSOLE_MODIFY or ZWELNCH_CONSOLE_STOP
 *   text    what follows APPL=, as it came: blanks and NULs at its end are no part of it
 *   origin  for the answer; zeroes when the system gave none
 */
int32_t zwelnch_console_wait(int32_t *kind, uint8_t text[ZWELNCH_MODIFY_SIZE], struct zwelnch_console_origin *origin, int32_t *reason);

/*
 * Answers on the console that issued a MODIFY (__console2, descriptor code 5). Several lines, ended by NL (0x15) each, are one multi-line
 * message, so that they stay together; at most 70 characters a line.
 */
int32_t zwelnch_console_answer(const struct zwelnch_console_origin *origin, const uint8_t *text, size_t size, int32_t *reason);

/*
 * A WTO (SVC 35) of one line, at most 126 characters, with these routing and descriptor codes, 1 to 16, each list 0-terminated. Needs no
 * authority, and nothing is put before the text. -EIO: the service's return code is in *reason.
 */
int32_t zwelnch_wto(const uint8_t *text, size_t size, const uint32_t route_codes[], const uint32_t descriptor_codes[], int32_t *reason);

/* The same by __console2: the system puts BPXM023I before the text of those without READ to BPX.CONSOLE. */
int32_t zwelnch_wto_unix(const uint8_t *text, size_t size, const uint32_t route_codes[], const uint32_t descriptor_codes[],
                         int32_t *reason);

/* ---- Processes ------------------------------------------------------------------------------------------------------------------- */

struct zwelnch_descriptor {
    int32_t ours;
    int32_t childs;
};

/*
 * spawn(): a process with default dispositions, exactly the given arguments and environment (both NULL-terminated; _BPX_SHAREAS and
 * _BPX_JOBNAME stand there) and only the mapped descriptors. own_group != 0: it leads a process group of its own and has an empty signal
 * mask; else it stays in ours, with the signals that the launcher takes blocked, but for SIGDANGER. Returns the process id.
 */
int32_t zwelnch_spawn(const char *program, const char *const arguments[], const char *const environment[],
                      const struct zwelnch_descriptor descriptors[], size_t descriptor_count, int32_t own_group, int32_t *reason);

/* Waits until a child has ended, and leaves it to zwelnch_reap. EINTR is waited through. -ECHILD: there is no child. */
int32_t zwelnch_wait_for_end(int32_t *reason);

/* How a process ended: exited (value is the code), or by a signal (value is its number). */
#define ZWELNCH_END_EXITED 0
#define ZWELNCH_END_SIGNALED 1

/*
 * A child that has ended (pid: -1 any, else that one; no_wait != 0: 0 is returned when none has). Stops and continues are passed over;
 * decoded with the system's macros. Returns the process id.
 */
int32_t zwelnch_reap(int32_t pid, int32_t no_wait, int32_t *raw_status, int32_t *end, int32_t *value, int32_t *reason);

/* One process of the system (w_getpsent). started: seconds since the epoch; cpu: milliseconds in all; dead: it has ended, not 0. */
struct zwelnch_process {
    int32_t pid;
    int32_t parent;
    int32_t group;
    uint32_t user;
    int64_t started;
    int64_t cpu;
    int32_t session;
    int32_t dead;
};

/* All processes that this one may see. Returns how many there are; at most `capacity` were written. */
int32_t zwelnch_processes(struct zwelnch_process processes[], size_t capacity, int32_t *reason);

/* The signals that the launcher takes: four ask it to end, SIGUSR1 begins its logs anew, the others would end it and mean nothing to it. */
#define ZWELNCH_SIGNAL_TERM 1
#define ZWELNCH_SIGNAL_INT 2
#define ZWELNCH_SIGNAL_HUP 3
#define ZWELNCH_SIGNAL_DANGER 4
#define ZWELNCH_SIGNAL_USR1 5
#define ZWELNCH_SIGNAL_USR2 6
#define ZWELNCH_SIGNAL_ALRM 7

/* Blocks them in this thread and those it will start. */
int32_t zwelnch_signals_block(int32_t *reason);
/* Waits for one of them; returns which. */
int32_t zwelnch_signal_wait(int32_t *reason);
/* SIGDANGER is sent to this process when OMVS is about to be shut down. */
int32_t zwelnch_register_danger(int32_t *reason);

/* ---- Files ----------------------------------------------------------------------------------------------------------------------- */

/* The tag of a file or pipe: the CCSID (0: untagged, 65535: binary) and whether it is text, so that automatic conversion applies. */
int32_t zwelnch_tag_get(int32_t descriptor, uint16_t *ccsid, int32_t *text, int32_t *reason);
int32_t zwelnch_tag_set(int32_t descriptor, uint16_t ccsid, int32_t text, int32_t *reason);
/* Turns automatic conversion of a descriptor off: bytes are read as they were written. */
int32_t zwelnch_conversion_off(int32_t descriptor, int32_t *reason);
/*
 * Has the system convert what this program reads and writes from and to IBM-1047, tagged or not. The other side is the code page of whatever
 * program uses the descriptor, as others may share it.
 */
int32_t zwelnch_conversion_on(int32_t descriptor, int32_t *reason);

/* A byte-range lock over a whole open file, sysplex-wide on a shared file system. -EAGAIN: somebody else holds it. */
int32_t zwelnch_lock(int32_t descriptor, int32_t *reason);

/* Whether another process holds such a lock: 1, or 0. Locks nothing. */
int32_t zwelnch_locked(int32_t descriptor, int32_t *reason);

#define ZWELNCH_DD_SYSPRINT 0
#define ZWELNCH_DD_SYSERR 1

/*
 * Writes one record to a data definition, opened at the first call and kept open. One thread at a time. After a failure the next call
 * opens it anew. EINVAL: longer than zwelnch_dd_record_length, and nothing is written.
 */
int32_t zwelnch_dd_write(int32_t dd, const uint8_t *record, size_t size, int32_t *reason);
/*
 * Bytes of text that a record of it takes; opens it. What the format of its records needs besides (lengths, the printer's control character,
 * padding with blanks) is not among them and added by zwelnch_dd_write.
 */
int32_t zwelnch_dd_record_length(int32_t dd, int32_t *reason);

/*
 * Reads a file by its C library name, as in //'DATA.SET(MEMBER)', record by record: each record's bytes as they are stored, followed by NL
 * (0x15). *needed is set to the size that all of it takes; at most `size` bytes were written.
 */
int32_t zwelnch_read_records(const char *name, uint8_t *bytes, size_t size, size_t *needed, int32_t *reason);

/* ---- The system ------------------------------------------------------------------------------------------------------------------ */

/* The node name of uname(), which is &SYSNAME, and version and release of z/OS (3 and 1 for 3.1). */
int32_t zwelnch_system(char *name, size_t size, int32_t *version, int32_t *release, int32_t *reason);

/* From control blocks that every program may read; blanks at the end are padding. ipl: time and date of the IPL, SMCAITME and SMCAIDTE. */
void zwelnch_job_name(uint8_t name[8]);
void zwelnch_user_id(uint8_t name[8]);
void zwelnch_ipl(uint8_t time_and_date[8]);
/* RCVTID: RCVT for RACF, ACF2, RTSS for Top Secret; blanks: none. */
void zwelnch_security_product(uint8_t name[4]);

/* CPU time of this process in microseconds (clock); the C library has none of a thread. */
int64_t zwelnch_cpu_microseconds(void);

/* ---- What a user has ------------------------------------------------------------------------------------------------------------- */

#define ZWELNCH_IPC_MESSAGES 1
#define ZWELNCH_IPC_SEMAPHORES 2

/*
 * A message queue, with the processes that last sent and received (0: none yet), or a set of so many semaphores. user: its owner.
 */
struct zwelnch_ipc {
    int32_t id;
    uint32_t user;
    int32_t last_sender;
    int32_t last_receiver;
    int32_t count;
};

/* All of one kind that this process may see (__getipc). Returns how many there are; at most `capacity` were written. */
int32_t zwelnch_ipc_list(int32_t kind, struct zwelnch_ipc members[], size_t capacity, int32_t *reason);
/* The process that last used one semaphore of a set, counted from 0; 0: none yet. */
int32_t zwelnch_semaphore_user(int32_t id, int32_t number, int32_t *reason);
int32_t zwelnch_ipc_remove(int32_t kind, int32_t id, int32_t *reason);

/* Bytes that this process may have above the bar (MEMLIMIT), and of its address space; UINT64_MAX: as many as there are. */
int32_t zwelnch_memory_limits(uint64_t *above_bar, uint64_t *address_space, int32_t *reason);

/* ---- Key rings --------------------------------------------------------------------------------------------------------------------- */

/*
 * A certificate that is connected to a key ring. usage: 8 PERSONAL, 2 CERTAUTH, 0 SITE; status: 0x80000000 TRUST, 0x40000000 HIGHTRUST,
 * 0x20000000 NOTRUST; size: of its DER, 0 if the service gave none because there was no room for the private key. label and owner are IBM-1047.
 */
struct zwelnch_ring_certificate {
    uint32_t usage;
    uint32_t status;
    uint32_t is_default;
    uint32_t size;
    uint32_t label_size;
    uint8_t owner[8];
    uint8_t label[32];
};

/*
 * The certificates of a key ring (R_datalib), their DER one behind the other in `bytes`. Private keys are not asked for: there is no place for
 * them. Returns how many there are. -E2BIG: `capacity` or more, or `size` bytes or more; -EINVAL: a name is too long; -EIO: refused, with the
 * return code of SAF and RACF's return and reason codes in `codes`, which are zeroes else.
 */
int32_t zwelnch_key_ring(const uint8_t *owner, size_t owner_size, const uint8_t *name, size_t name_size,
                         struct zwelnch_ring_certificate certificates[], size_t capacity, uint8_t *bytes, size_t size, int32_t codes[3]);

/* Ends the enclave with a condition code, 0 to 4095; does not return. */
void zwelnch_exit(int32_t condition_code);

#ifdef __cplusplus
}
#endif

#endif
