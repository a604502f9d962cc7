#!/usr/bin/env python3
"""A second reader of JCL, for the members that are installed on z/OS. It shares nothing with the one of the program, not even the language.

Rules and limits are those of "z/OS MVS JCL Reference" (fields, continuation, in-stream data, EXEC PARM, DSNAME, PATH, PROC, SET, EXPORT) and,
for the data definitions that a program needs, of "DFSMSdfp Utilities", "MVS Program Management", "TSO/E Customization" and "z/OS UNIX User's
Guide". What is not known here is a fault too: what passes has been understood.

jclcheck.py [--foreign] [--set NAME=VALUE]... FILE...
prints FILE:LINE: KIND: text for each fault, and ends with 1 if there is any. --foreign: of other houses, whose {names} in braces stand for
a value, and who may do what z/OS allows and this house does not. A file that does not begin with // is a sample: only records are looked at.
"""
import re
import sys

NAME = re.compile(r"[A-Z@#$][A-Z0-9@#$]{0,7}\Z")
QUALIFIER = re.compile(r"[A-Z@#$][A-Z0-9@#$-]{0,7}\Z")
SYMBOL = re.compile(r"&([A-Z@#$][A-Z0-9@#$]*)(\.?)")
OPERATIONS = {"JOB", "EXEC", "DD", "PROC", "PEND", "SET", "EXPORT", "IF", "ELSE", "ENDIF", "JCLLIB", "INCLUDE", "OUTPUT", "COMMAND"}
# Symbols that the system defines.
SYSTEM = {"SYSUID": "IBMUSER", "SYSNAME": "SYS1", "SYSPLEX": "PLEX1", "SYSCLONE": "S1", "SYSJOBNM": "JOB", "SYSR1": "VOL001"}
EXEC = {"PGM", "PROC", "PARM", "PARMDD", "REGION", "REGIONX", "TIME", "COND", "MEMLIMIT", "ACCT", "ADDRSPC", "DYNAMNBR", "PERFORM", "RD"}
JOB = {"CLASS", "MSGCLASS", "MSGLEVEL", "NOTIFY", "REGION", "TIME", "TYPRUN", "USER", "COND", "MEMLIMIT", "RESTART", "JOBRC", "LINES"}
DD = {"DSN", "DSNAME", "DISP", "UNIT", "VOL", "VOLUME", "SPACE", "RECFM", "LRECL", "BLKSIZE", "DSORG", "DSNTYPE", "DCB", "SYSOUT", "PATH",
      "PATHOPTS", "PATHMODE", "PATHDISP", "FILEDATA", "DLM", "SYMBOLS", "DDNAME", "OUTLIM", "HOLD", "DEST", "FREE", "LABEL", "AVGREC",
      "STORCLAS", "DATACLAS", "MGMTCLAS", "LIKE"}
POSITIONAL = {"*", "DATA", "DUMMY", "DYNAM"}
PATHOPTS = {"ORDONLY", "OWRONLY", "ORDWR", "OCREAT", "OAPPEND", "OEXCL", "OTRUNC", "ONOCTTY", "ONONBLOCK", "OSYNC"}
DISP = [{"NEW", "OLD", "SHR", "MOD", ""}, {"KEEP", "DELETE", "PASS", "CATLG", "UNCATLG", ""}, {"KEEP", "DELETE", "CATLG", "UNCATLG", ""}]
# The data definitions that a program cannot do without.
REQUIRED = {"IKJEFT01": {"SYSTSIN", "SYSTSPRT"}, "IKJEFT1B": {"SYSTSIN", "SYSTSPRT"}, "IEBCOPY": {"SYSPRINT", "SYSIN"},
            "IEWBLINK": {"SYSPRINT", "SYSLMOD", "SYSLIN"}, "ZWELNCH": {"SYSPRINT", "STDENV"}, "BPXBATSL": {"STDOUT", "STDERR"},
            "IEBGENER": {"SYSPRINT", "SYSIN", "SYSUT1", "SYSUT2"}}


class Checker:
    def __init__(self, name, text, foreign, given):
        self.name, self.given = name, given
        if foreign:
            text = re.sub(r"\{[^}\n]*\}", "X", text)
        self.faults = []
        self.symbols, self.used, self.exported = {}, set(), None
        self.steps, self.step, self.kinds = [], None, []
        self.ifs, self.ended, self.begun = [], None, None
        self.read(text) if text.startswith("//") else self.sample(text)

    def sample(self, text):
        for number, record in enumerate(text.split("\n"), 1):
            if len(record) > 71:
                self.fault(number, "record", "%d characters in a sample, which may be numbered" % len(record))
            if re.search(r"[^\x20-\x7e]", record):
                self.fault(number, "character", "not in IBM-1047's printable part")

    def fault(self, line, kind, text):
        self.faults.append((line, kind, text))

    # Records ------------------------------------------------------------------------------------------------------------------------

    def read(self, text):
        if not text.endswith("\n"):
            self.fault(text.count("\n") + 1, "record", "the last record has no end")
        records = text.split("\n")[:-1] if text.endswith("\n") else text.split("\n")
        self.pending, self.data = None, None
        for number, record in enumerate(records, 1):
            for character in record:
                if not 0x20 <= ord(character) <= 0x7E:
                    self.fault(number, "character", "%r is not in IBM-1047's printable part" % character)
                    break
            if len(record) > 80:
                self.fault(number, "record", "%d characters in a record of 80" % len(record))
            if self.data:
                if self.in_data(number, record):
                    continue
            if self.ended and record.strip():
                self.fault(number, "order", "behind the null statement of line %d" % self.ended)
                continue
            self.statement(number, record[:72].rstrip() if len(record) > 72 else record.rstrip())
        last = len(records)
        if self.data:
            if self.data["own"] or not self.data["star"]:
                self.fault(self.data["line"], "instream", "in-stream data has no %s" % self.data["end"])
            else:
                # The end of the input ends it too.
                self.fault(self.data["line"], "open", "in-stream data has no %s" % self.data["end"])
            self.finish_data()
        if self.pending:
            self.fault(self.pending["line"], "continuation", "nothing follows what is to be continued")
        self.end(last)

    def in_data(self, number, record):
        data = self.data
        if record.startswith(data["end"]):
            self.finish_data()
            return True
        # A delimiter of its own takes the place of those that are implied.
        if data["star"] and not data["own"] and record[:2] in ("//", "/*"):
            self.finish_data()
            return False
        data["records"].append((number, record))
        return True

    def finish_data(self):
        data, self.data = self.data, None
        for number, record in data["records"]:
            if not data["symbols"]:
                continue
            names = [match.group(1) for match in SYMBOL.finditer(record.replace("&&", "  "))]
            for name in names:
                if name not in self.symbols:
                    self.fault(number, "symbol", "&%s is not defined" % name)
                elif self.exported is not None and name not in self.exported and "*" not in self.exported:
                    self.fault(number, "symbol", "&%s is not in SYMLIST: it stays as it is" % name)
                self.used.add(name)
            if self.exported is None and names:
                self.fault(number, "symbol", "no EXPORT SYMLIST: no symbol is replaced")
            length = len(self.replaced(record))
            if length > 80:
                self.fault(number, "symbol", "%d characters once symbols are replaced" % length)
        if data["dd"] is not None:
            data["dd"]["data"] = [record for _, record in data["records"]]

    # Statements ---------------------------------------------------------------------------------------------------------------------

    def statement(self, number, record):
        if record.startswith("//*"):
            return
        if record.startswith("/*"):
            if self.pending:
                self.fault(number, "continuation", "a delimiter where a continuation is expected")
            self.fault(number, "instream", "a delimiter without in-stream data")
            return
        if not record.startswith("//"):
            self.fault(number, "instream" if record.strip() else "record", "neither a statement nor in-stream data: %r" % record[:20])
            return
        if len(record) == 72 and record[71] != " ":
            self.fault(number, "columns", "column 72 is not blank: it is no part of a statement's field")
        record = record[:71]
        if self.pending:
            return self.continued(number, record)
        if record.rstrip() == "//":
            self.ended = number
            return None
        match = re.match(r"//(\S*)(?: +(\S+)(?: +(.*))?)?\Z", record)
        name, operation, rest = match.group(1), match.group(2) or "", match.group(3) or ""
        if name and not all(NAME.match(part) for part in name.split(".")):
            self.fault(number, "name", "%r is no name of 1 to 8 characters" % name)
        if operation not in OPERATIONS:
            self.fault(number, "operation", "%r is no operation that is known here" % operation)
            return None
        self.pending = {"line": number, "name": name, "operation": operation, "field": "", "quoted": False}
        if operation == "IF":
            self.pending["field"] = rest
            return self.complete()
        return self.operands(number, rest, 71 - len(record) + len(rest.rstrip()) >= 0 and len(record))

    def continued(self, number, record):
        if self.pending["quoted"]:
            if record[2:15].strip() or record[15:16] in ("", " "):
                self.fault(number, "continuation", "what an apostrophe has begun goes on in column 16")
            return self.operands(number, record[15:], len(record))
        if not record.startswith("// "):
            self.fault(number, "continuation", "column 3 is not blank in a continuation")
            self.pending = None
            return self.statement(number, record)
        text = record[2:].lstrip(" ")
        column = len(record) - len(text) + 1
        if not text or not 4 <= column <= 16:
            self.fault(number, "continuation", "begins in column %d; 4 to 16 are allowed" % column)
        return self.operands(number, text, len(record))

    def operands(self, number, text, length):
        """The parameter field up to its end: the first blank outside apostrophes."""
        quoted, end = self.pending["quoted"], len(text)
        for at, character in enumerate(text):
            if character == "'":
                quoted = not quoted
            elif character == " " and not quoted:
                end = at
                break
        field = text[:end]
        self.pending["quoted"] = quoted
        if quoted:
            if length and length < 71:
                self.fault(number, "apostrophe", "an apostrophe is not closed, and column 71 is not reached")
                self.pending["quoted"] = False
                self.pending["field"] += field
                return self.complete()
            self.pending["field"] += field
            return None
        self.pending["field"] += field
        if field.endswith(","):
            return None
        return self.complete()

    def complete(self):
        statement, self.pending = self.pending, None
        if statement["field"].endswith(","):
            self.fault(statement["line"], "continuation", "a comma at the end, and nothing follows")
        operation = statement["operation"]
        if self.begun is None:
            self.begun = operation
            if operation not in ("JOB", "PROC"):
                self.fault(statement["line"], "order", "%s before JOB or PROC" % operation)
        self.kinds.append(operation)
        line, field = statement["line"], statement["field"]
        operands = [] if operation in ("IF", "ELSE", "ENDIF", "PEND") else self.split(line, field)
        getattr(self, operation.lower())(line, statement["name"], operands, field)

    def split(self, line, field):
        parts, depth, quoted, begin = [], 0, False, 0
        for at, character in enumerate(field + ","):
            if character == "'":
                quoted = not quoted
            elif not quoted and character == "(":
                depth += 1
            elif not quoted and character == ")":
                depth -= 1
            elif character == "," and not quoted and depth == 0:
                parts.append(field[begin:at])
                begin = at + 1
        if depth or quoted:
            self.fault(line, "parentheses", "parentheses or apostrophes do not balance: %s" % field)
        seen, found = set(), []
        for part in parts:
            match = re.match(r"([A-Z0-9@#$.]+)=(.*)\Z", part, re.S)
            key, value = (match.group(1), match.group(2)) if match and not part.startswith("'") else (None, part)
            if key and key in seen:
                self.fault(line, "keyword", "%s is there twice" % key)
            seen.add(key)
            if key is None and part and len(found) and any(known for known, _ in found):
                self.fault(line, "keyword", "positional %r behind a keyword" % part)
            found.append((key, value))
        return found

    def use(self, line, text):
        """Symbols of a field: each is defined before."""
        for match in SYMBOL.finditer(text.replace("&&", "  ")):
            name = match.group(1)
            if len(name) > 8:
                self.fault(line, "symbol", "&%s has more than 8 characters" % name)
            elif name not in self.symbols and name not in SYSTEM:
                self.fault(line, "symbol", "&%s is not defined" % name)
            self.used.add(name)

    def replaced(self, text):
        def value(match):
            known = self.symbols.get(match.group(1), SYSTEM.get(match.group(1)))
            return match.group(0) if known is None else known
        return SYMBOL.sub(value, text.replace("&&", "\0")).replace("\0", "&&")

    @staticmethod
    def unquoted(value):
        return value[1:-1].replace("''", "'") if len(value) > 1 and value[0] == value[-1] == "'" else value

    def known(self, line, operands, allowed, what):
        for key, value in operands:
            if key and key.split(".")[0] not in allowed:
                self.fault(line, "keyword", "%s is no parameter of %s that is known here" % (key, what))
            self.use(line, value)

    def define(self, line, operands, what):
        for key, value in operands:
            if key is None:
                if value:
                    self.fault(line, "symbol", "%r gives no symbol a value" % value)
                continue
            if not NAME.match(key):
                self.fault(line, "symbol", "%s is no name of a symbol, which has 1 to 8 characters" % key)
            if what == "PROC" and key in EXEC:
                self.fault(line, "symbol", "%s is a keyword of EXEC and no symbol of a procedure" % key)
            self.use(line, value)
            if re.search(r"[^A-Z0-9@#$&.*]", value) and not value.startswith("'"):
                self.fault(line, "apostrophe", "the value %s needs apostrophes" % value)
            text = self.given.get(key, self.replaced(self.unquoted(value)))
            if len(text) > 255:
                self.fault(line, "symbol", "the value of %s has more than 255 characters" % key)
            self.symbols[key] = text
            self.defined.setdefault(key, line) if hasattr(self, "defined") else setattr(self, "defined", {key: line})

    # Operations ---------------------------------------------------------------------------------------------------------------------

    def job(self, line, name, operands, field):
        if self.kinds.count("JOB") > 1 or self.begun != "JOB":
            self.fault(line, "order", "JOB is the first statement, and there is one")
        if not name:
            self.fault(line, "name", "a job needs a name")
        self.known(line, operands, JOB, "JOB")
        positional = [value for key, value in operands if key is None]
        if len(positional) > 1 and len(self.unquoted(positional[1])) > 20:
            self.fault(line, "keyword", "the programmer's name has more than 20 characters")
        values = dict(operands)
        for key, pattern in (("CLASS", r"[A-Z0-9]{1,8}\Z"), ("MSGCLASS", r"[A-Z0-9]\Z"), ("NOTIFY", r"[A-Z0-9@#$.]{1,17}\Z")):
            if key in values and not re.match(pattern, self.replaced(values[key])):
                self.fault(line, "keyword", "%s=%s" % (key, values[key]))

    def proc(self, line, name, operands, field):
        if self.begun != "PROC":
            self.fault(line, "order", "a procedure within a job")
        if not name:
            self.fault(line, "name", "a procedure needs a name")
        self.define(line, operands, "PROC")

    def pend(self, line, name, operands, field):
        if self.begun != "PROC":
            self.fault(line, "order", "PEND without PROC")
        self.pend_at = line

    def set(self, line, name, operands, field):
        self.define(line, operands, "SET")

    def export(self, line, name, operands, field):
        match = re.match(r"SYMLIST=\(?([A-Z0-9@#$,*]+)\)?\Z", field)
        if not match:
            return self.fault(line, "keyword", "EXPORT has SYMLIST=(names)")
        self.exported = match.group(1).split(",")
        self.export_line = line
        return None

    def jcllib(self, line, name, operands, field):
        self.known(line, operands, {"ORDER"}, "JCLLIB")
        if self.steps:
            self.fault(line, "order", "JCLLIB behind a step")

    def include(self, line, name, operands, field):
        self.known(line, operands, {"MEMBER"}, "INCLUDE")

    def command(self, line, name, operands, field):
        self.use(line, field)

    def output(self, line, name, operands, field):
        for _, value in operands:
            self.use(line, value)

    def exec(self, line, name, operands, field):
        if getattr(self, "pend_at", None):
            self.fault(line, "order", "a step behind PEND")
        if name in [step["name"] for step in self.steps if step["name"]]:
            self.fault(line, "repeated", "the step %s is there twice" % name)
        self.step = {"name": name, "line": line, "dds": [], "program": None}
        self.steps.append(self.step)
        if len(self.steps) > 255:
            self.fault(line, "order", "more than 255 steps")
        self.known(line, operands, EXEC, "EXEC")
        values = {key: value for key, value in operands if key}
        if "PGM" not in values:
            # Of a procedure: any symbol may be given.
            self.faults = [fault for fault in self.faults if not (fault[0] == line and "no parameter of EXEC" in fault[2])]
        if "PGM" in values:
            program = self.replaced(values["PGM"])
            if operands[0][0] != "PGM":
                self.fault(line, "keyword", "PGM is the first parameter")
            if not NAME.match(program):
                self.fault(line, "name", "%s is no name of a program" % program)
            self.step["program"] = program
        elif not ("PROC" in values or operands and operands[0][0] is None and operands[0][1]):
            self.fault(line, "keyword", "EXEC names neither a program nor a procedure")
        parm = values.get("PARM")
        if parm is not None:
            text = self.replaced(parm)
            if text.startswith("("):
                text = ",".join(self.unquoted(part) for part in re.findall(r"'(?:[^']|'')*'|[^,()]+", text[1:-1]))
            text = self.unquoted(text)
            if len(text) > 100:
                self.fault(line, "parm", "PARM has %d characters once symbols are replaced; 100 are allowed" % len(text))
            if not parm.startswith(("'", "(")) and re.search(r"[^A-Z0-9@#$&.*]", parm):
                self.fault(line, "apostrophe", "PARM=%s needs apostrophes" % parm)
        if "REGION" in values and not re.match(r"[0-9]+[KM]\Z", self.replaced(values["REGION"])):
            self.fault(line, "keyword", "REGION=%s" % values["REGION"])
        if "TIME" in values and not re.match(r"(NOLIMIT|MAXIMUM|\d{1,6}|\(.*\))\Z", values["TIME"]):
            self.fault(line, "keyword", "TIME=%s" % values["TIME"])
        if "COND" in values:
            for step in re.findall(r"\(\d+,[A-Z]{2},([A-Z0-9@#$]+)", values["COND"]):
                self.earlier(line, step)

    def earlier(self, line, name):
        if name not in [step["name"] for step in self.steps]:
            self.fault(line, "name", "there is no step %s before" % name)

    def dd(self, line, name, operands, field):
        if self.step is None:
            if name not in ("JOBLIB", "JOBCAT", "SYSCHK"):
                self.fault(line, "order", "DD %s before the first step" % name)
            owner = {"dds": []}
        else:
            owner = self.step
        if not name and not owner["dds"]:
            self.fault(line, "name", "a concatenation begins with a name")
        if name and name in [known["name"] for known in owner["dds"]]:
            self.fault(line, "dd", "DD %s is there twice in the step" % name)
        found = {"name": name, "line": line, "values": {key: value for key, value in operands if key}, "data": None}
        owner["dds"].append(found)
        self.known(line, operands, DD, "DD")
        values = found["values"]
        positional = [value for key, value in operands if key is None and value]
        for value in positional:
            if value not in POSITIONAL:
                self.fault(line, "keyword", "%r is no positional parameter of DD" % value)
        if not operands or (not values and not positional):
            self.fault(line, "dd", "DD %s defines nothing" % name)
        sources = [key for key in ("DSN", "DSNAME", "PATH", "SYSOUT", "DDNAME") if key in values] + [one for one in positional if one in ("*", "DATA")]
        if len(sources) > 1:
            self.fault(line, "dd", "%s exclude each other" % " and ".join(sources))
        self.dataset(line, values)
        if "PATH" in values:
            path = self.unquoted(self.replaced(values["PATH"]))
            if not path.startswith("/") or len(path) > 255:
                self.fault(line, "dd", "PATH=%s is no absolute path of at most 255 characters" % path)
            options = values.get("PATHOPTS", "").strip("()").split(",")
            if not set(options) <= PATHOPTS | {""}:
                self.fault(line, "dd", "PATHOPTS=%s" % values["PATHOPTS"])
        if "SYSOUT" in values and not re.match(r"(\*|[A-Z0-9]|\(.*\))\Z", values["SYSOUT"]):
            self.fault(line, "dd", "SYSOUT=%s" % values["SYSOUT"])
        if "*" in positional or "DATA" in positional:
            end = values.get("DLM", "/*").strip("'")
            if not 1 < len(end) <= 8:
                self.fault(line, "instream", "DLM=%s" % end)
            if "SYMBOLS" in values and values["SYMBOLS"].strip("()").split(",")[0] not in ("JCLONLY", "EXECSYS", "CNVTSYS"):
                self.fault(line, "keyword", "SYMBOLS=%s" % values["SYMBOLS"])
            self.data = {"line": line, "end": end, "star": "*" in positional, "own": "DLM" in values, "symbols": "SYMBOLS" in values,
                         "records": [], "dd": found}

    def dataset(self, line, values):
        dsn = values.get("DSN", values.get("DSNAME"))
        if dsn:
            text = self.unquoted(self.replaced(dsn))
            if text.startswith(("&&", "*.")) or text == "NULLFILE":
                text = "X"
            base, _, member = text.partition("(")
            if len(base) > 44 or not all(QUALIFIER.match(part) for part in base.split(".")):
                self.fault(line, "dd", "%s is no data set name" % text)
            if member and not re.match(r"([A-Z@#$][A-Z0-9@#$]{0,7}|[+-]?\d+)\)\Z", member):
                self.fault(line, "dd", "%s names no member" % text)
        if "DISP" in values:
            parts = self.replaced(values["DISP"]).strip("()").split(",")
            if len(parts) > 3 or any(part not in allowed for part, allowed in zip(parts, DISP)):
                self.fault(line, "dd", "DISP=%s" % values["DISP"])
        for key in ("LRECL", "BLKSIZE"):
            if key in values and not re.match(r"\d{1,5}\Z", values[key]):
                self.fault(line, "dd", "%s=%s" % (key, values[key]))

    # The two words of a condition, and what is between.
    def _if(self, line, name, operands, field):
        self.use(line, field)
        match = re.match(r"\(?(.*?)\)? THEN(?: .*)?\Z", field.strip())
        if not match:
            self.fault(line, "if", "IF (condition) THEN")
        else:
            for step in re.findall(r"([A-Z@#$][A-Z0-9@#$]*)\.(?:RC|RUN|ABEND|ABENDCC)", match.group(1)):
                self.earlier(line, step)
        self.ifs.append(line)

    def _else(self, line, name, operands, field):
        if not self.ifs:
            self.fault(line, "if", "ELSE without IF")

    def endif(self, line, name, operands, field):
        if not self.ifs:
            self.fault(line, "if", "ENDIF without IF")
        else:
            self.ifs.pop()

    # The whole ----------------------------------------------------------------------------------------------------------------------

    def end(self, last):
        for line in self.ifs:
            self.fault(line, "if", "IF without ENDIF")
        if self.begun == "PROC" and self.kinds[-1:] != ["PEND"]:
            self.fault(last, "order", "a procedure ends with PEND")
        if self.begun is None:
            self.fault(1, "order", "no statement")
        if not self.steps:
            self.fault(last, "order", "no step")
        for name, line in getattr(self, "defined", {}).items():
            if name not in self.used:
                self.fault(line, "unused", "%s is defined and never used" % name)
        for name in self.exported or []:
            if name != "*" and name not in self.symbols:
                self.fault(self.export_line, "symbol", "SYMLIST names %s, which is not defined" % name)
        for step in self.steps:
            self.needs(step)

    def needs(self, step):
        names = {dd["name"] for dd in step["dds"]}
        for name in sorted(REQUIRED.get(step["program"], set()) - names):
            self.fault(step["line"], "dd", "%s needs DD %s" % (step["program"], name))
        for dd in step["dds"]:
            target = dd["values"].get("DDNAME")
            if target and self.replaced(target) not in names:
                self.fault(dd["line"], "dd", "DDNAME=%s: there is no such DD in the step" % target)
            text = "\n".join(dd["data"] or [])
            wanted = []
            if step["program"] == "IEBCOPY" and dd["name"] == "SYSIN":
                for group in re.findall(r"(?:OUTDD|INDD)=([A-Z0-9@#$(),]+)", text):
                    wanted += [part for part in re.split(r"[(),]+", group.split("),")[0]) if part and part not in ("R", "INDD", "OUTDD")]
            if step["program"] == "IEWBLINK" and dd["name"] == "SYSLIN":
                wanted += re.findall(r"^ +INCLUDE +([A-Z0-9@#$]+)", text, re.M)
            for name in wanted:
                if name not in names:
                    self.fault(dd["line"], "dd", "%s is named in %s and is no DD of the step" % (name, dd["name"]))
            if step["program"] in ("BPXBATCH", "BPXBATSL") and dd["name"] == "STDPARM" and not re.match(r"(SH|PGM|sh|pgm)( |\Z)", text.split("\n")[0]):
                self.fault(dd["line"], "parm", "STDPARM begins with SH or PGM")
            if dd["name"] == "STDENV" and dd["data"] is not None:
                marks = [record.partition("=")[2] for record in dd["data"] if record.startswith("_CEE_ENVFILE_CONTINUATION=")]
                goes_on = False
                for record in dd["data"]:
                    is_continued, goes_on = goes_on, bool(marks and marks[0] and record.endswith(marks[0]) and not record.startswith("_CEE_"))
                    if not is_continued and record.strip() and not re.match(r"[A-Za-z_#][A-Za-z0-9_]*=|#", record):
                        self.fault(dd["line"], "stdenv", "%r sets no variable" % record[:30])


setattr(Checker, "if", Checker._if)
setattr(Checker, "else", Checker._else)


def main(arguments):
    foreign, given, files = False, {}, []
    while arguments:
        argument = arguments.pop(0)
        if argument == "--foreign":
            foreign = True
        elif argument == "--set":
            name, _, value = arguments.pop(0).partition("=")
            given[name] = value
        else:
            files.append(argument)
    found = 0
    for name in files:
        with open(name, encoding="utf-8", newline="\n") as file:
            checker = Checker(name, file.read(), foreign, given)
        for line, kind, text in sorted(checker.faults):
            if foreign and kind in ("unused", "repeated", "open"):
                continue
            print("%s:%d: %s: %s" % (name, line, kind, text))
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
