//! The messages of a system off z/OS, in the order of their ids: what an operator knows from MVS, so that what is learnt or automated
//! here holds there. Texts follow IBM's; where a line says more than IBM's (line and column of a JCL error) it says it at the end.

messages! {
    HASP100 hasp100 "$HASP100" Info Always (job)
        "{job} ON STCINRDR",
        "A START command was accepted and its job is being interpreted.",
        "None.";
    HASP373 hasp373 "$HASP373" Info Always (job)
        "{job} STARTED",
        "The job has begun to run.",
        "None.";
    HASP395 hasp395 "$HASP395" Info Always (job, how)
        "{job} ENDED - {how}",
        "The job has ended: RC= and its condition code, or ABEND= and the completion code. ABEND=S222 is an operator's CANCEL; SEC6 a \
         program that was killed by a signal; UNKNOWN means that the job vanished with nobody there to see how.",
        "For a condition code other than 0: see SYSPRINT in the job's spool directory.";
    BPXM029I bpxm029i "BPXM029I" Error Always (job)
        "MODIFY COMMAND NOT DELIVERED TO {job} - APPL= IS MISSING",
        "A program under UNIX System Services receives only what stands after APPL=.",
        "Enter F job,APPL=text.";
    BPXM047I bpxm047i "BPXM047I" Error Always (program, why)
        "BPXBATCH FAILED BECAUSE SPAWN (BPX1SPN) OF {program} FAILED - {why}",
        "The program that PARM or STDPARM of BPXBATCH or BPXBATSL names cannot be run. Off z/OS a path that ends in zwelnch need not exist: \
         this program runs in its place.",
        "Correct the path, or make the program executable.";
    BPXM082I bpxm082i "BPXM082I" Error Always ()
        "THE AUTHORIZED BPXBATCH INTERFACE DOES NOT SUPPORT THE SH KEYWORD. REQUEST IS REJECTED",
        "BPXBATA2 and BPXBATA8 run programs, not shells.",
        "Use PGM, or BPXBATCH.";
    CSV003I csv003i "CSV003I" Error Always (program)
        "REQUESTED MODULE {program} NOT FOUND",
        "Off z/OS there are no load modules: a procedure can run ZWELNCH, and by BPXBATCH, BPXBATSL, BPXBATA2 or BPXBATA8 what has a path.",
        "Use a procedure with one of these in PGM=.";
    EZZ0053I ezz0053i "EZZ0053I" Info Always (command)
        "COMMAND {command} COMPLETED SUCCESSFULLY",
        "TCP/IP has carried a command out.",
        "None.";
    EZZ0059I ezz0059i "EZZ0059I" Error Always (command, why)
        "{command} COMMAND FAILED: {why}",
        "TCP/IP could not do what the command asks for. Off z/OS the file TCPIP of the system directory tells which balancer stands for the \
         sysplex distributor (BALANCER haproxy SOCKET BACKEND) and which of its servers for a listener of this system (PORT number SERVER \
         name).",
        "Correct what the message names and enter the command again.";
    EZZ0060I ezz0060i "EZZ0060I" Info Always (command)
        "PROCESSING COMMAND: {command}",
        "TCP/IP has begun with a command; EZZ0053I or EZZ0059I tells what came of it.",
        "None.";
    EZZ2500I ezz2500i "EZZ2500I" Info Always (stack)
        "NETSTAT CS V2R5 {stack}",
        "Head of the answer to D TCPIP,,NETSTAT,CONN: a line a listener and connection, and how many of them are shown; and of that to NETSTAT,VDPT: a line a listener, and whether it is ready for new connections (RDY).",
        "None.";
    IEE114I iee114i "IEE114I" Info Always (time, date, sysname)
        "{time} {date} ACTIVITY ON {sysname}",
        "Head of the answer to D A,L. One line a job follows: name, identifier, job id, S for a started task or U for one typed in a \
         shell, start time (UTC), owner.",
        "None.";
    IEE115I iee115i "IEE115I" Info Always (time, date, sysname)
        "{time} {date} ACTIVITY ON {sysname}",
        "Head of the answer to D A,job, which shows the jobs of that name in full.",
        "None.";
    IEE122I iee122i "IEE122I" Error Always ()
        "START COMMAND JCL ERROR",
        "The procedure named in a START command was not found or is in error; nothing was started.",
        "See the IEFC messages just before.";
    IEE136I iee136i "IEE136I" Info Always (time, date, sysname)
        "LOCAL: TIME={time} DATE={date} ON {sysname} (UTC)",
        "Answer to D T.",
        "None.";
    IEE301I iee301i "IEE301I" Info Always (job)
        "{job} CANCEL COMMAND ACCEPTED",
        "The job is being cancelled; IEF450I tells when it has ended.",
        "None.";
    IEE305I iee305i "IEE305I" Error Always (command)
        "{command} COMMAND INVALID",
        "The command is not known, or has more than 126 characters.",
        "Correct it; HELP on the interactive console lists the commands.";
    IEE307I iee307i "IEE307I" Error Always (command)
        "{command} DELIMITER ERROR",
        "An apostrophe, a comma or a parenthesis is missing or in the wrong place.",
        "Correct the command.";
    IEE308I iee308i "IEE308I" Error Always (command)
        "{command} TERM LENGTH ERROR",
        "A name is empty or longer than 8 characters.",
        "Correct the command.";
    IEE309I iee309i "IEE309I" Error Always (command, keyword)
        "{command} UNIDENTIFIABLE KEYWORD - {keyword}",
        "A keyword is not known for this command.",
        "Correct the command.";
    IEE311I iee311i "IEE311I" Error Always (command)
        "{command} PARAMETER MISSING",
        "An operand that the command needs is missing.",
        "Correct the command.";
    IEE341I iee341i "IEE341I" Error Always (job)
        "{job} NOT ACTIVE",
        "No job of this name, or of this name and identifier, runs on this system.",
        "D A,L lists the jobs.";
    IEE342I iee342i "IEE342I" Error Always (command, why)
        "{command} REJECTED-{why}",
        "The job did not take the command. TASK BUSY: it did not react in time, or serves as many consoles as it can.",
        "Enter the command again; if it is rejected again, look at the job's SYSPRINT, or CANCEL it.";
    IEE421I iee421i "IEE421I" Info Always (systems, command)
        "RO {systems},{command}",
        "Head of the answers to a command that was routed to several systems; those of each system follow its name.",
        "None.";
    IEE422I iee422i "IEE422I" Error Always (job, count)
        "DUPLICATE JOB NAME FOUND - {job}, {count} JOBS",
        "CANCEL names more than one job, and nothing was cancelled.",
        "Add the identifier, C job.identifier, or give one when starting, S member.identifier.";
    IEE499I iee499i "IEE499I" Error Always (system, why)
        "ROUTE COMMAND NOT PROCESSED: SYSTEM {system} {why}",
        "The system is not in this sysplex, or its directory cannot be used.",
        "The file SYSPLEX of the system directory names the others.";
    IEE535I iee535i "IEE535I" Error Always (command, parameter)
        "{command} INVALID PARAMETER - {parameter}",
        "An operand is not what the command takes, for example a name with characters that names cannot have.",
        "Correct the command.";
    IEE707I iee707i "IEE707I" Error Always (command, why)
        "{command} NOT EXECUTED - {why}",
        "The system could not do what the command asks for.",
        "Remove the cause that is named and enter the command again.";
    IEF212I ief212i "IEF212I" Error Always (job, step, name, why)
        "{job} {step} {name} - DATA SET NOT FOUND: {why}",
        "A data set or file that a DD statement names cannot be read. Off z/OS a data set is a directory under the one that ZWELNCH_DATASETS \
         names, and a member a file in it.",
        "Correct the DD statement, or make the file readable.";
    IEF403I ief403i "IEF403I" Info Always (job, time)
        "{job} - STARTED - TIME={time}",
        "The job's program has been started.",
        "None.";
    IEF404I ief404i "IEF404I" Info Always (job, time)
        "{job} - ENDED - TIME={time}",
        "The job's program has ended by itself; $HASP395 tells with which condition code.",
        "None.";
    IEF450I ief450i "IEF450I" Error Always (job, step, code, reason, time)
        "{job} {step} - ABEND={code} U0000 REASON={reason} TIME={time}",
        "The job's program was ended: S222 by an operator's CANCEL, SEC6 by a signal, whose number is the last byte of REASON.",
        "If nobody cancelled it: look for who sent the signal; SIGKILL can be the system's lack of memory.";
    IEF452I ief452i "IEF452I" Error Always (job)
        "{job} - JOB NOT RUN - JCL ERROR",
        "The job was not started because of the errors just before.",
        "Correct the procedure or the START command.";
    IEF695I ief695i "IEF695I" Info Always (member, job, user)
        "START {member} WITH JOBNAME {job} IS ASSIGNED TO USER {user}",
        "Tells under which user a started task runs: off z/OS always the user who issued the command.",
        "None.";
    IEFC001I iefc001i "IEFC001I" Info Always (member, library)
        "PROCEDURE {member} WAS EXPANDED USING PRIVATE LIBRARY {library}",
        "Tells which library of the PROCLIB concatenation a procedure came from.",
        "None.";
    IEFC605I iefc605i "IEFC605I" Error Always (at, operation)
        "UNIDENTIFIED OPERATION FIELD {operation} {at}",
        "The operation of a JCL statement is not known, or not supported off z/OS.",
        "Correct the statement.";
    IEFC607I iefc607i "IEFC607I" Error Always (at)
        "JOB HAS NO STEPS {at}",
        "A procedure has no EXEC statement.",
        "Correct the procedure.";
    IEFC612I iefc612i "IEFC612I" Error Always (member, libraries)
        "PROCEDURE {member} WAS NOT FOUND IN {libraries}",
        "No library of the PROCLIB concatenation has this member.",
        "Copy the member into one of them; `zwelnch jcl` prints ZWESLSTC.";
    IEFC618I iefc618i "IEFC618I" Error Always (at)
        "OPERAND FIELD DOES NOT TERMINATE IN COMMA OR BLANK {at}",
        "Something follows a closing apostrophe or parenthesis that cannot stand there.",
        "Correct the statement.";
    IEFC621I iefc621i "IEFC621I" Error Always (at)
        "EXPECTED CONTINUATION NOT RECEIVED {at}",
        "An operand field ends with a comma, or a text in apostrophes is still open in column 71, and the next line does not continue it: \
         // in columns 1 and 2, column 3 blank, and the text in columns 4 to 16 (an open text: in column 16).",
        "Correct the statement.";
    IEFC622I iefc622i "IEFC622I" Error Always (at, field)
        "UNBALANCED PARENTHESIS IN THE {field} FIELD {at}",
        "A parenthesis has no counterpart.",
        "Correct the statement.";
    IEFC627I iefc627i "IEFC627I" Error Always (at, field)
        "INCORRECT USE OF APOSTROPHE IN THE {field} FIELD {at}",
        "An apostrophe is not closed or stands where none can.",
        "Correct the statement; an apostrophe in a text is written twice.";
    IEFC628I iefc628i "IEFC628I" Error Always (at, field, symbol)
        "INCORRECT USE OF AMPERSAND IN THE {field} FIELD, SYMBOL {symbol} IS NOT DEFINED {at}",
        "A symbol has no value: neither a default on the PROC statement, nor an operand of START, nor a system symbol.",
        "Give it a value, or write && for an ampersand.";
    IEFC630I iefc630i "IEFC630I" Error Always (at, keyword, operation)
        "UNIDENTIFIED KEYWORD {keyword} ON THE {operation} STATEMENT {at}",
        "The statement does not take this keyword.",
        "Correct the statement.";
    IEFC632I iefc632i "IEFC632I" Error Always (at, field, why)
        "FORMAT ERROR IN THE {field} FIELD - {why} {at}",
        "The field is not what it has to be.",
        "Correct the statement.";
    IEFC642I iefc642i "IEFC642I" Error Always (at, field, limit)
        "EXCESSIVE PARAMETER LENGTH IN THE {field} FIELD, MORE THAN {limit} CHARACTERS {at}",
        "The value is too long after symbols were replaced.",
        "Shorten it.";
    IEFC643I iefc643i "IEFC643I" Error Always (at, field)
        "UNIDENTIFIED POSITIONAL PARAMETER IN THE {field} FIELD {at}",
        "A parameter without a keyword is not one that the statement takes.",
        "Correct the statement.";
    IEFC653I iefc653i "IEFC653I" Info Always (text)
        "SUBSTITUTION JCL - {text}",
        "In JESJCL: the operands of the statement above after symbols were replaced.",
        "None.";
    IEFC657I iefc657i "IEFC657I" Error Always (symbol)
        "THE SYMBOL {symbol} WAS NOT USED",
        "The START command gives a value to a symbol that the PROC statement does not have.",
        "Correct the START command.";
    IEFC662I iefc662i "IEFC662I" Error Always (at, label)
        "INVALID LABEL {label} {at}",
        "A name field is not 1 to 8 of A-Z, 0-9, @, #, $, the first of them no digit.",
        "Correct the statement.";
    IEFC903I iefc903i "IEFC903I" Error Always (at, why)
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
        assert_eq!(super::hasp373("ZWESLSTC").text(), "$HASP373 ZWESLSTC STARTED");
    }
}
