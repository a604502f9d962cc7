/*
 * The z/OS services that zwelnch needs, as platform::zos sees them.
 *
 * Everything that depends on z/OS headers, entry point names or structure layouts stays behind this interface; it is compiled by the
 * system's own compiler with the system's own headers, in ASCII mode. Policy is Rust's: a function here does one thing and says how it
 * went. Contract: reference/zos-platform.md.
 *
 * Conventions
 *   - Text is UTF-8, NUL-terminated, on both sides of the interface; conversion from and to IBM-1047 happens behind it.
 *   - A result of 0 is success. A negative result is failure: -errno, and the reason code (errno2) stands in *reason, which is written on
 *     every call and may be NULL.
 *   - A buffer is given with its size; what does not fit is cut, never overrun, and is NUL-terminated. `needed`, where there is one, is
 *     set to the size that would have been enough.
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
#define ZWELNCH_SHIM_VERSION 1
int32_t zwelnch_shim_version(void);

/* ---- The operator's console (__console2) ---------------------------------------------------------------------------------------- */

#define ZWELNCH_CONSOLE_MODIFY 1
#define ZWELNCH_CONSOLE_STOP 2

/* Where the answer to a MODIFY goes: the command and response token and the console id, as the system gave them. */
struct zwelnch_console_origin {
    uint8_t cart[8];
    uint8_t console_id[4];
};

/*
 * Waits for the next operator command. Blocks; EINTR is waited through. One thread does nothing but call this: while a MODIFY is being
 * worked on by it, the system answers the next one IEE342I.
 *
 *   kind    ZWELNCH_CONSOLE_MODIFY or ZWELNCH_CONSOLE_STOP
 *   text    what follows APPL=, trailing blanks removed; 129 bytes are always enough
 *   origin  for the answer; zeroed when the system gave none
 */
int32_t zwelnch_console_wait(int32_t *kind, char *text, size_t text_size, struct zwelnch_console_origin *origin, int32_t *reason);

/*
 * Answers on the console that issued a MODIFY (descriptor code 5). Several lines are one multi-line WTO of at most 70 characters a line,
 * so that they stay together.
 */
int32_t zwelnch_console_answer(const struct zwelnch_console_origin *origin, const char *const lines[], size_t line_count, int32_t *reason);

/*
 * A WTO with these routing and descriptor codes (each list 0-terminated; {2} and {12} for events). At most 126 characters; the text begins
 * with our message id, so it must not be wrapped: WTO by SVC 35, and only when that fails __console2.
 */
int32_t zwelnch_wto(const char *text, const uint32_t route_codes[], const uint32_t descriptor_codes[], int32_t *reason);

/*
 * Issues an operator command through `opercmd` (the path of opercmd.rex below the runtime directory) and returns its answer, lines ended
 * by line feed. -EACCES: no authority, the caller shows the command to type.
 */
int32_t zwelnch_issue_command(const char *opercmd, const char *command, char *answer, size_t answer_size, size_t *needed, int32_t *reason);

/* ---- Processes ------------------------------------------------------------------------------------------------------------------- */

#define ZWELNCH_SHAREAS_NO 0
#define ZWELNCH_SHAREAS_YES 1
#define ZWELNCH_SHAREAS_MUST 2

struct zwelnch_descriptor {
    int32_t ours;
    int32_t childs;
};

/*
 * spawn(): a process that leads a process group of its own, with default dispositions, an empty signal mask, exactly the given
 * environment (entries NAME=value; _BPX_SHAREAS and _BPX_JOBNAME are put there by the caller's choice of share_as and job_name, the latter
 * NULL for none) and only the mapped descriptors. Returns the process id, or -errno.
 *
 * Environment values are bytes: they are converted to the child's code page by the shim, those that cannot be are -EILSEQ.
 */
int32_t zwelnch_spawn(const char *program, const char *const arguments[], const char *const environment[],
                      const struct zwelnch_descriptor descriptors[], size_t descriptor_count,
                      int32_t share_as, const char *job_name, int32_t *reason);

/* How a process ended: exited (value is the code), or by a signal (value is its number). */
#define ZWELNCH_END_EXITED 0
#define ZWELNCH_END_SIGNALED 1

/*
 * Waits for any child to end; EINTR is waited through, stops and continues are passed over. Decoded with the system's macros. Returns the
 * process id, or -ECHILD when there is no child.
 */
int32_t zwelnch_wait_any(int32_t *raw_status, int32_t *end, int32_t *value, int32_t *reason);

/* One process of the system (w_getpsent). Times in milliseconds; started since the epoch, cpu in total. */
struct zwelnch_process {
    int32_t pid;
    int32_t parent;
    int32_t group;
    uint32_t user;
    int64_t started;
    int64_t cpu;
    char job_name[9];
};

/* All processes that this one may see. Returns how many there are; at most `capacity` were written. */
int32_t zwelnch_processes(struct zwelnch_process processes[], size_t capacity, int32_t *reason);

/* Tagging: the CCSID of a file or pipe (0: untagged, 65535: binary), and setting it (text != 0: automatic conversion applies). */
int32_t zwelnch_tag_get(int32_t descriptor, uint16_t *ccsid, int32_t *text, int32_t *reason);
int32_t zwelnch_tag_set(int32_t descriptor, uint16_t ccsid, int32_t text, int32_t *reason);
/* Automatic conversion of a descriptor between the program's and the file's CCSID. */
int32_t zwelnch_conversion_set(int32_t descriptor, uint16_t program_ccsid, uint16_t file_ccsid, int32_t *reason);

/* ---- Output ---------------------------------------------------------------------------------------------------------------------- */

#define ZWELNCH_DD_SYSPRINT 0
#define ZWELNCH_DD_SYSERR 1

/*
 * Writes whole lines (UTF-8, each ended by line feed) to a data definition, or to the descriptor when the program was started from a
 * shell. Opens it at the first call. Lines longer than the record (`record_length`, 1600) are folded by the caller. When the stream fails
 * the lines go out as WTOs and the result is still the error. Not to be called by two threads at once.
 */
int32_t zwelnch_write(int32_t dd, const char *lines, size_t size, int32_t *reason);
int32_t zwelnch_record_length(int32_t dd, int32_t *reason);

/* ---- The system ------------------------------------------------------------------------------------------------------------------ */

/* The value of a system symbol (ASASYMBF), named without & and period. -ENOENT: not defined. */
int32_t zwelnch_symbol(const char *name, char *value, size_t value_size, int32_t *reason);

/* Job name and user id of this address space, the IPL's time of day (milliseconds since the epoch: the boot identity). */
int32_t zwelnch_job_name(char *name, size_t size, int32_t *reason);
int32_t zwelnch_user_id(char *name, size_t size, int32_t *reason);
int32_t zwelnch_ipl_time(int64_t *milliseconds, int32_t *reason);

/*
 * A member of a partitioned data set as its records: each record's bytes as they are stored (IBM-1047), trailing blanks included, each
 * followed by a line feed of that code page (0x15). Returns 0 or -errno; -ENOENT tells that data set or member is missing.
 */
int32_t zwelnch_member(const char *data_set, const char *member, uint8_t *bytes, size_t bytes_size, size_t *needed, int32_t *reason);

/* A byte-range lock over a whole open file, sysplex-wide on a shared file system. -EAGAIN: somebody else holds it. */
int32_t zwelnch_lock(int32_t descriptor, int32_t *reason);

/* SIGDANGER is delivered like SIGTERM from now on. */
int32_t zwelnch_register_danger(int32_t *reason);

/* Ends the enclave with a condition code, 0 to 4095; does not return. */
void zwelnch_exit(int32_t condition_code);

#ifdef __cplusplus
}
#endif

#endif
