//! The messages of the emulated system, in the order of their ids. Ids and texts are those of MVS, so that what operators learn and
//! automate here is valid there. What a line says beyond IBM's text (line and column of a JCL error) stands at its end.

messages! {
    job_on_reader "$HASP100" Info Always (job)
        "{job} ON STCINRDR",
        "A START command was accepted and its job is being interpreted.",
        "None.";
    job_started "$HASP373" Info Always (job)
        "{job} STARTED",
        "The job has begun to run.",
        "None.";
    job_ended "$HASP395" Info Always (job, how)
        "{job} ENDED - {how}",
        "The job has ended: RC= and its condition code, or ABEND= and the completion code. ABEND=S222 is an operator's CANCEL; SEC6 a \
         program that was killed by a signal; UNKNOWN means that the job vanished with nobody there to see how.",
        "For a condition code other than 0: see SYSPRINT in the job's spool directory.";
    modify_not_delivered "BPXM029I" Error Always (job)
        "MODIFY COMMAND NOT DELIVERED TO {job} - APPL= IS MISSING",
        "A program under UNIX System Services receives only what stands after APPL=.",
        "Enter F job,APPL=text.";
    bpxbatch_spawn_failed "BPXM047I" Error Always (program, why)
        "BPXBATCH FAILED BECAUSE SPAWN (BPX1SPN) OF {program} FAILED - {why}",
        "The program that PARM or STDPARM of BPXBATCH or BPXBATSL names cannot be run. Off z/OS a path that ends in zwelnch need not exist: \
         this program runs in its place.",
        "Correct the path, or make the program executable.";
    bpxbatch_keyword_rejected "BPXM082I" Error Always ()
        "THE AUTHORIZED BPXBATCH INTERFACE DOES NOT SUPPORT THE SH KEYWORD. REQUEST IS REJECTED",
        "BPXBATA2 and BPXBATA8 run programs, not shells.",
        "Use PGM, or BPXBATCH.";
    module_not_found "CSV003I" Error Always (program)
        "REQUESTED MODULE {program} NOT FOUND",
        "Off z/OS there are no load modules: a procedure can run ZWELNCH, and by BPXBATCH, BPXBATSL, BPXBATA2 or BPXBATA8 what has a path.",
        "Use a procedure with one of these in PGM=.";
    tcpip_command_completed "EZZ0053I" Info Always (command)
        "COMMAND {command} COMPLETED SUCCESSFULLY",
        "TCP/IP has carried a command out.",
        "None.";
    tcpip_command_failed "EZZ0059I" Error Always (command, why)
        "{command} COMMAND FAILED: {why}",
        "TCP/IP could not do what the command asks for. Off z/OS the file TCPIP of the system directory tells which balancer stands for the \
         sysplex distributor (BALANCER haproxy SOCKET BACKEND) and which of its servers for a listener of this system (PORT number SERVER \
         name).",
        "Correct what the message names and enter the command again.";
    tcpip_command_begun "EZZ0060I" Info Always (command)
        "PROCESSING COMMAND: {command}",
        "TCP/IP has begun with a command; EZZ0053I or EZZ0059I tells what came of it.",
        "None.";
    netstat_head "EZZ2500I" Info Always (stack)
        "NETSTAT CS V2R5 {stack}",
        "Head of the answer to D TCPIP,,NETSTAT,CONN: a line a listener and connection, and how many of them are shown; and of that to \
        NETSTAT,VDPT: a line a listener, and whether it is ready for new connections (RDY).",
        "None.";
    log_now_active "IEE041I" Info Always ()
        "THE SYSTEM LOG IS NOW ACTIVE",
        "Answer to WRITELOG START: SYSLOG is written. Off z/OS it always is.",
        "None.";
    log_queued "IEE043I" Info Always (class)
        "A SYSTEM LOG DATA SET HAS BEEN QUEUED TO SYSOUT CLASS {class}",
        "A new SYSLOG has been begun, because an operator entered WRITELOG or the old one had reached a limit of the file LIMITS. Off z/OS \
         the old one is SYSLOG.1 in the system directory, and its class means nothing.",
        "None.";
    activity_head "IEE114I" Info Always (time, date, sysname)
        "{time} {date} ACTIVITY ON {sysname}",
        "Head of the answer to D A,L. One line a job follows: name, identifier, job id, S for a started task or U for one typed in a \
         shell, start time (UTC), owner.",
        "None.";
    job_activity_head "IEE115I" Info Always (time, date, sysname)
        "{time} {date} ACTIVITY ON {sysname}",
        "Head of the answer to D A,job, which shows the jobs of that name in full.",
        "None.";
    start_command_jcl_error "IEE122I" Error Always ()
        "START COMMAND JCL ERROR",
        "The procedure named in a START command was not found or is in error; nothing was started.",
        "See the IEFC messages just before.";
    time_is "IEE136I" Info Always (time, date, sysname)
        "LOCAL: TIME={time} DATE={date} ON {sysname} (UTC)",
        "Answer to D T.",
        "None.";
    cancel_accepted "IEE301I" Info Always (job)
        "{job} CANCEL COMMAND ACCEPTED",
        "The job is being cancelled; IEF450I tells when it has ended.",
        "None.";
    command_invalid "IEE305I" Error Always (command)
        "{command} COMMAND INVALID",
        "The command is not known, or has more than 126 characters.",
        "Correct it; HELP on the interactive console lists the commands.";
    delimiter_error "IEE307I" Error Always (command)
        "{command} DELIMITER ERROR",
        "An apostrophe, a comma or a parenthesis is missing or in the wrong place.",
        "Correct the command.";
    term_length_error "IEE308I" Error Always (command)
        "{command} TERM LENGTH ERROR",
        "A name is empty or longer than 8 characters.",
        "Correct the command.";
    unidentifiable_keyword "IEE309I" Error Always (command, keyword)
        "{command} UNIDENTIFIABLE KEYWORD - {keyword}",
        "A keyword is not known for this command.",
        "Correct the command.";
    parameter_missing "IEE311I" Error Always (command)
        "{command} PARAMETER MISSING",
        "An operand that the command needs is missing.",
        "Correct the command.";
    not_active "IEE341I" Error Always (job)
        "{job} NOT ACTIVE",
        "No job of this name, or of this name and identifier, runs on this system.",
        "D A,L lists the jobs.";
    command_rejected "IEE342I" Error Always (command, why)
        "{command} REJECTED-{why}",
        "The job did not take the command. TASK BUSY: it did not react in time, or serves as many consoles as it can.",
        "Enter the command again; if it is rejected again, look at the job's SYSPRINT, or CANCEL it.";
    route_head "IEE421I" Info Always (systems, command)
        "RO {systems},{command}",
        "Head of the answers to a command that was routed to several systems; those of each system follow its name.",
        "None.";
    duplicate_job_name "IEE422I" Error Always (job, count)
        "DUPLICATE JOB NAME FOUND - {job}, {count} JOBS",
        "CANCEL names more than one job, and nothing was cancelled.",
        "Add the identifier, C job.identifier, or give one when starting, S member.identifier.";
    route_not_processed "IEE499I" Error Always (system, why)
        "ROUTE COMMAND NOT PROCESSED: SYSTEM {system} {why}",
        "The system is not in this sysplex, or its directory cannot be used.",
        "The file SYSPLEX of the system directory names the others.";
    invalid_parameter "IEE535I" Error Always (command, parameter)
        "{command} INVALID PARAMETER - {parameter}",
        "An operand is not what the command takes, for example a name with characters that names cannot have.",
        "Correct the command.";
    command_not_executed "IEE707I" Error Always (command, why)
        "{command} NOT EXECUTED - {why}",
        "The system could not do what the command asks for.",
        "Remove the cause that is named and enter the command again.";
    data_set_not_found "IEF212I" Error Always (job, step, name, why)
        "{job} {step} {name} - DATA SET NOT FOUND: {why}",
        "A data set or file that a DD statement names cannot be read. Off z/OS a data set is a directory under the one that \
        ZWELNCH_DATASETS \
         names, and a member a file in it.",
        "Correct the DD statement, or make the file readable.";
    program_started "IEF403I" Info Always (job, time)
        "{job} - STARTED - TIME={time}",
        "The job's program has been started.",
        "None.";
    program_ended "IEF404I" Info Always (job, time)
        "{job} - ENDED - TIME={time}",
        "The job's program has ended by itself; $HASP395 tells with which condition code.",
        "None.";
    program_abended "IEF450I" Error Always (job, step, code, reason, time)
        "{job} {step} - ABEND={code} U0000 REASON={reason} TIME={time}",
        "The job's program was ended: S222 by an operator's CANCEL, SEC6 by a signal, whose number is the last byte of REASON.",
        "If nobody cancelled it: look for who sent the signal; SIGKILL can be the system's lack of memory.";
    job_not_run "IEF452I" Error Always (job)
        "{job} - JOB NOT RUN - JCL ERROR",
        "The job was not started because of the errors just before.",
        "Correct the procedure or the START command.";
    job_assigned_to_user "IEF695I" Info Always (member, job, user)
        "START {member} WITH JOBNAME {job} IS ASSIGNED TO USER {user}",
        "Tells under which user a started task runs: off z/OS always the user who issued the command.",
        "None.";
    procedure_expanded "IEFC001I" Info Always (member, library)
        "PROCEDURE {member} WAS EXPANDED USING PRIVATE LIBRARY {library}",
        "Tells which library of the PROCLIB concatenation a procedure came from.",
        "None.";
    unidentified_operation "IEFC605I" Error Always (at, operation)
        "UNIDENTIFIED OPERATION FIELD {operation} {at}",
        "The operation of a JCL statement is not known, or not supported off z/OS.",
        "Correct the statement.";
    job_has_no_steps "IEFC607I" Error Always (at)
        "JOB HAS NO STEPS {at}",
        "A procedure has no EXEC statement.",
        "Correct the procedure.";
    procedure_not_found "IEFC612I" Error Always (member, libraries)
        "PROCEDURE {member} WAS NOT FOUND IN {libraries}",
        "No library of the PROCLIB concatenation has this member.",
        "Copy the member into one of them; `zwelnch jcl` prints ZWESLSTC.";
    operand_does_not_terminate "IEFC618I" Error Always (at)
        "OPERAND FIELD DOES NOT TERMINATE IN COMMA OR BLANK {at}",
        "Something follows a closing apostrophe or parenthesis that cannot stand there.",
        "Correct the statement.";
    continuation_not_received "IEFC621I" Error Always (at)
        "EXPECTED CONTINUATION NOT RECEIVED {at}",
        "An operand field ends with a comma, or a text in apostrophes is still open in column 71, and the next line does not continue it: \
         // in columns 1 and 2, column 3 blank, and the text in columns 4 to 16 (an open text: in column 16).",
        "Correct the statement.";
    unbalanced_parenthesis "IEFC622I" Error Always (at, field)
        "UNBALANCED PARENTHESIS IN THE {field} FIELD {at}",
        "A parenthesis has no counterpart.",
        "Correct the statement.";
    incorrect_apostrophe "IEFC627I" Error Always (at, field)
        "INCORRECT USE OF APOSTROPHE IN THE {field} FIELD {at}",
        "An apostrophe is not closed or stands where none can.",
        "Correct the statement; an apostrophe in a text is written twice.";
    undefined_symbol "IEFC628I" Error Always (at, field, symbol)
        "INCORRECT USE OF AMPERSAND IN THE {field} FIELD, SYMBOL {symbol} IS NOT DEFINED {at}",
        "A symbol has no value: neither a default on the PROC statement, nor an operand of START, nor a system symbol.",
        "Give it a value, or write && for an ampersand.";
    unidentified_jcl_keyword "IEFC630I" Error Always (at, keyword, operation)
        "UNIDENTIFIED KEYWORD {keyword} ON THE {operation} STATEMENT {at}",
        "The statement does not take this keyword.",
        "Correct the statement.";
    format_error "IEFC632I" Error Always (at, field, why)
        "FORMAT ERROR IN THE {field} FIELD - {why} {at}",
        "The field is not what it has to be.",
        "Correct the statement.";
    parameter_too_long "IEFC642I" Error Always (at, field, limit)
        "EXCESSIVE PARAMETER LENGTH IN THE {field} FIELD, MORE THAN {limit} CHARACTERS {at}",
        "The value is too long after symbols were replaced.",
        "Shorten it.";
    unidentified_positional "IEFC643I" Error Always (at, field)
        "UNIDENTIFIED POSITIONAL PARAMETER IN THE {field} FIELD {at}",
        "A parameter without a keyword is not one that the statement takes.",
        "Correct the statement.";
    substitution_jcl "IEFC653I" Info Always (text)
        "SUBSTITUTION JCL - {text}",
        "In JESJCL: the operands of the statement above after symbols were replaced.",
        "None.";
    symbol_not_used "IEFC657I" Error Always (symbol)
        "THE SYMBOL {symbol} WAS NOT USED",
        "The START command gives a value to a symbol that the PROC statement does not have.",
        "Correct the START command.";
    invalid_label "IEFC662I" Error Always (at, label)
        "INVALID LABEL {label} {at}",
        "A name field is not 1 to 8 of A-Z, 0-9, @, #, $, the first of them no digit.",
        "Correct the statement.";
    procedure_in_error "IEFC903I" Error Always (at, why)
        "PROCEDURE MEMBER IN ERROR - {why} {at}",
        "The member cannot be read as JCL.",
        "Correct the member.";
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_are_distinct_and_every_row_explains_itself() {
        let mut seen = std::collections::HashSet::new();
        for entry in super::ENTRIES {
            assert!(seen.insert(entry.id), "{} stands twice", entry.id);
            assert!(!entry.reason.is_empty() && !entry.action.is_empty(), "{}", entry.id);
        }
        assert_eq!(super::job_started("ZWESLSTC").text(), "$HASP373 ZWESLSTC STARTED");
    }
}
