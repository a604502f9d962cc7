//! The rows of the catalogue, in the order of their ids. Contract: docs/contract/messages.md; from ZWEL0914 upward our own.

messages! {
    component_started "ZWEL0001I" Info OnMatch (name)
        "component {name} started",
        "The start command's process was created; this says nothing of readiness.",
        "None.";
    component_stopped "ZWEL0002I" Info OnMatch (name)
        "component {name} stopped",
        "A stop that was asked for has completed.",
        "None.";
    component_initialized "ZWEL0003I" Info OnMatch (name, n, s, share_as)
        "new component initialized {name}, restart_cnt={n}, min_uptime={s} seconds, share_as={share_as}",
        "The settings of one component were resolved; restart_cnt is the number of restart intervals.",
        "None.";
    component_terminated "ZWEL0004I" Info OnMatch (name, pid, status)
        "component {name}({pid}) terminated, status = {status}",
        "The process was reaped. The raw wait status is shown as a decimal number; ZWEL0905E says it in words when the end was not asked for.",
        "When unasked: see the component's own output just before.";
    next_restart_in "ZWEL0005I" Info OnMatch (name, s)
        "next attempt to restart component {name} in {s} seconds",
        "The component ended and will be started again after this time.",
        "None, or START the component to try at once.";
    starting_components "ZWEL0006I" Info OnMatch ()
        "starting components",
        "Validate and configure are done; the start commands are issued now.",
        "None.";
    components_started "ZWEL0007I" Info OnMatch ()
        "components started",
        "Every start command was issued.",
        "None.";
    stopping_components "ZWEL0008I" Info OnMatch ()
        "stopping components",
        "The launcher is ending and stops every component.",
        "None.";
    components_stopped "ZWEL0009I" Info OnMatch ()
        "components stopped",
        "All components ended inside their grace time.",
        "None.";
    component_list_head "ZWEL0010I" Info OnMatch ()
        "launcher has the following components:",
        "Head of the answer to DISP.",
        "None.";
    component_list_line "ZWEL0011I" Info OnMatch (name, pid)
        "    name = {name:>16.16}, PID = {pid}",
        "One component of the answer to DISP; PID -1 means that it is not running.",
        "None.";
    starting_console_listener "ZWEL0012I" Info OnMatch ()
        "starting console listener",
        "From now on all operator commands are served.",
        "None.";
    command_received "ZWEL0013I" Info OnMatch (text)
        "command '{text}' received",
        "A MODIFY command has arrived.",
        "None.";
    termination_command_received "ZWEL0014I" Info OnMatch ()
        "termination command received",
        "A STOP command (P) has arrived.",
        "None.";
    console_listener_stopped "ZWEL0015I" Info OnMatch ()
        "console listener stopped",
        "No more operator commands are accepted.",
        "None.";
    start_component_list "ZWEL0016I" Info OnMatch (names)
        "start component list: '{names}'",
        "The components that have a start command, in start order.",
        "None.";
    root_directory_is "ZWEL0017I" Info OnMatch (dir)
        "ROOT_DIR is '{dir}'",
        "The runtime directory that is used.",
        "None.";
    instance_prepared "ZWEL0018I" Info OnMatch ()
        "Zowe instance prepared successfully",
        "Validate and configure of all components ended well.",
        "None.";
    launcher_stopping "ZWEL0019I" Info OnMatch ()
        "Zowe Launcher stopping",
        "A signal asked the launcher to end.",
        "None.";
    loading_file "ZWEL0020I" Info OnMatch (file)
        "loading '{file}'",
        "A configuration source is read (debug level only).",
        "None.";
    launcher_starting "ZWEL0021I" Info Always (launcher, zowe)
        "Zowe Launcher starting, Launcher version {launcher}, Zowe version {zowe}",
        "First line of a run.",
        "None.";
    launcher_stopped "ZWEL0022I" Info OnMatch ()
        "Zowe Launcher stopped",
        "Last line of a run that ended in order.",
        "None.";
    configuration_file_is "ZWEL0023I" Info OnMatch (config)
        "Zowe YAML config file is '{config}'",
        "The configuration sources, left-most first.",
        "None.";
    ha_instance_is "ZWEL0024I" Info OnMatch (id)
        "HA_INSTANCE_ID is '{id}'",
        "The HA instance id that is used, lower-cased.",
        "None.";
    restart_intervals_are "ZWEL0025I" Info OnMatch (name, intervals)
        "restart_intervals for component '{name}'= {intervals}",
        "The restart intervals in seconds.",
        "None.";
    variable_not_found "ZWEL0026E" Error Always (name)
        "{name} env variable not found",
        "A variable that the launcher needs is not set.",
        "Set it in the STDENV data definition of the PROC; CONFIG names zowe.yaml.";
    variable_too_large "ZWEL0027E" Error Always (name)
        "{name} env variable too large",
        "CONFIG has more than 17,408 bytes.",
        "Name fewer sources, or shorter paths.";
    no_component_list "ZWEL0028E" Error Always ()
        "failed to get component list",
        "Never issued: what is wrong with a component is told of each, and ZWEL0029E where none is left.",
        "None.";
    component_list_empty "ZWEL0029E" Error Always ()
        "start component list is empty",
        "No enabled component has a start command.",
        "Enable a component (components.<name>.enabled: true) and check that it is installed.";
    instance_not_prepared "ZWEL0030E" Error Always ()
        "failed to prepare Zowe instance",
        "Validate or configure failed.",
        "Correct what the messages before name and start again.";
    no_signal_handlers "ZWEL0031E" Error Always ()
        "failed to setup signal handlers",
        "The thread that waits for signals could not be made; the launcher ends.",
        "See the reason in the message after; most likely a limit of the system or of the user id was reached.";
    directory_not_found "ZWEL0032E" Error Always (what, dir)
        "failed to find {what}='{dir}', check if the dir exists",
        "A directory that the configuration names does not exist.",
        "Create it or correct the configuration.";
    no_root_directory "ZWEL0033E" Error Always ()
        "failed to get ROOT_DIR dir",
        "zowe.runtimeDirectory is not set.",
        "Set zowe.runtimeDirectory in zowe.yaml.";
    root_directory_empty "ZWEL0034E" Error Always ()
        "ROOT_DIR is empty string",
        "zowe.runtimeDirectory is empty.",
        "Set zowe.runtimeDirectory in zowe.yaml.";
    invalid_arguments "ZWEL0035E" Error Always ()
        "invalid command line arguments, provide HA_INSTANCE_ID as a first argument",
        "The HA instance id is missing or there are too many arguments.",
        "Give the id in PARM of the PROC: S ZWESLSTC,HAINST=id.";
    no_launcher_context "ZWEL0036E" Error Always ()
        "failed to initialize launcher context",
        "Follows the message that says why.",
        "Correct what the message before names.";
    too_many_components "ZWEL0037E" Error OnMatch ()
        "max component number reached, ignoring the rest",
        "Never issued: this launcher has no such bound.",
        "None.";
    max_retries_reached "ZWEL0038E" Error OnMatch (name)
        "failed to restart component {name}, max retries reached",
        "All restart intervals are used up; the component stays down.",
        "Find the reason in the component's output; START it when it is removed.";
    already_running "ZWEL0039E" Error OnMatch (name)
        "cannot start component {name} - already running",
        "START of a running component while components.launcher.startRunning is reject. Nothing that was named with it is started.",
        "STOP it first, or use RESTART.";
    component_start_failed "ZWEL0040E" Error OnMatch (name)
        "failed to start component {name}",
        "The process of the component could not be created.",
        "See the reason in the message before; the restart intervals apply.";
    bad_value_supplied "ZWEL0041E" Error OnMatch ()
        "bad value supplied, command ignored",
        "A MODIFY verb without a usable value.",
        "Give the component in parentheses, as in START(gateway).";
    command_not_recognized "ZWEL0042E" Error OnMatch ()
        "command not recognized",
        "A MODIFY text that is no command of the launcher.",
        "Use one of the commands that HELP lists.";
    no_console_thread "ZWEL0043E" Error Always ()
        "failed to start console thread",
        "The console could not be opened.",
        "See the reason in the message before; the launcher ends.";
    console_thread_not_stopped "ZWEL0044E" Error OnMatch ()
        "failed to stop console thread",
        "Never issued: the console is closed with the launcher.",
        "None.";
    configuration_not_converted "ZWEL0045E" Error OnMatch (why)
        "error converting zowe.yaml file - {why}",
        "The configuration could not be converted.",
        "Correct what the message names.";
    configuration_not_read "ZWEL0046E" Error OnMatch (why)
        "error reading zowe.yaml file - {why}",
        "CONFIG is no list of sources, or a source of the configuration could be opened but not read to its end, is too large or is no text.",
        "Correct what the message names.";
    configuration_not_parsed "ZWEL0047E" Error OnMatch (why)
        "failed to parse zowe.yaml - {why}",
        "The configuration is no YAML.",
        "Correct what the message names.";
    configuration_not_opened "ZWEL0048E" Error OnMatch (file, why)
        "failed to open zowe.yaml - {file}: {why}",
        "A configuration source could not be opened.",
        "Check the path and the permissions.";
    component_restart_failed "ZWEL0049E" Error OnMatch (name)
        "failed to restart component {name}",
        "The process of a component that had ended unasked could not be created. Follows ZWEL0040E.",
        "See the reason in ZWEL0927E; the restart intervals apply.";
    output_not_readable "ZWEL0050E" Error OnMatch (name, pid, why)
        "cannot read output from comp {name}({pid}) - {why}",
        "The pipe that a component writes its output to could not be read; what it writes from now on is lost.",
        "RESTART the component to have its output again.";
    default_settings_used "ZWEL0051W" Warning OnMatch ()
        "failed to read zowe.yaml, launcher will use default settings",
        "Never issued: a configuration that cannot be read keeps the launcher from starting.",
        "None.";
    not_all_started "ZWEL0052W" Warning OnMatch ()
        "not all components started",
        "At least one start command failed.",
        "See ZWEL0040E before.";
    not_all_stopped_gracefully "ZWEL0053W" Warning OnMatch ()
        "not all components stopped gracefully",
        "At least one component had to be ended by SIGKILL.",
        "See ZWEL0063W for which.";
    component_not_found "ZWEL0054W" Warning OnMatch (name)
        "component {name} not found",
        "The named component is not one of this instance's.",
        "Use DISP for the names.";
    stdin_file_not_created "ZWEL0055E" Error OnMatch (file, why)
        "failed to create file for stdin({file}) - {why}",
        "The pipe that is to be the standard input of a component (components.<name>.launcher.stdin) could not be made.",
        "See the reason: a limit of open files, as a rule. The restart intervals apply.";
    stdin_file_not_opened "ZWEL0056E" Error OnMatch (file, why)
        "failed to open file for stdin({file}) - {why}",
        "The empty standard input of components could not be opened; the launcher ends.",
        "Check /dev/null.";
    workspace_not_created "ZWEL0057E" Error Always (dir)
        "failed to create workspace dir '{dir}'",
        "The workspace directory could not be made.",
        "Check zowe.workspaceDirectory and the permissions above it.";
    workspace_directory_is "ZWEL0058I" Info OnMatch (dir)
        "WORKSPACE_DIR is '{dir}'",
        "The workspace directory that is used.",
        "None.";
    no_workspace_directory "ZWEL0059E" Error Always ()
        "failed to get WORKSPACE_DIR dir",
        "zowe.workspaceDirectory is not set.",
        "Check the configuration.";
    workspace_directory_empty "ZWEL0060E" Error Always ()
        "WORKSPACE_DIR is empty string",
        "zowe.workspaceDirectory is empty.",
        "Set zowe.workspaceDirectory in zowe.yaml.";
    file_not_found "ZWEL0061E" Error OnMatch (what, file)
        "failed to find {what}='{file}', check if the file exists",
        "Never issued: ZWEL0048E, ZWEL0172E and others say which file.",
        "None.";
    directory_not_created "ZWEL0062E" Error OnMatch (dir, why)
        "failed to create dir '{dir}' - {why}",
        "A directory could not be made.",
        "Check the permissions above it.";
    component_will_be_killed "ZWEL0063W" Warning OnMatch (name, pid)
        "Component {name}({pid}) will be terminated using SIGKILL",
        "The grace time is over and the component still runs.",
        "None; find out why it ignores SIGTERM.";
    command_not_run "ZWEL0064E" Error OnMatch (cmd, why)
        "failed to run command {cmd} - {why}",
        "A command could not be run.",
        "See the reason.";
    command_output_not_read "ZWEL0065E" Error OnMatch (cmd, why)
        "error reading output from command '{cmd}' - {why}",
        "Never issued: output is relayed as it comes, and what keeps it from that is ZWEL0050E.",
        "None.";
    command_ended_with_code "ZWEL0066W" Warning OnMatch (cmd, rc)
        "command '{cmd}' ended with code {rc}",
        "The preparation of the instance, which today's launcher leaves to a command, was not successful; ZWEL0030E follows.",
        "See the messages before.";
    parmlib_members_differ "ZWEL0067E" Error OnMatch ()
        "PARMLIB() entries must all have the same member name",
        "Never issued: member names may differ since 3.3.",
        "None.";
    parmlib_member_missing "ZWEL0068E" Error Always ()
        "PARMLIB() entries must have a member name",
        "A PARMLIB entry of CONFIG names no member.",
        "Write PARMLIB(data.set(member)).";
    configuration_is_valid "ZWEL0069I" Info OnMatch ()
        "Configuration is valid",
        "The configuration fits its schemas.",
        "None.";
    configuration_has_exceptions "ZWEL0070E" Error Always ()
        "Configuration has validity exceptions:",
        "The list of all exceptions follows.",
        "Correct each line that follows.";
    validation_failed_internally "ZWEL0071E" Error Always ()
        "Internal failure during validation, please contact support",
        "The validation itself failed.",
        "Contact support.";
    configurations_not_loaded "ZWEL0072E" Error Always ()
        "Launcher Could not load configurations",
        "The configuration could not be loaded.",
        "Correct what the lines before name.";
    schemas_not_loaded "ZWEL0073E" Error Always (n)
        "Launcher Could not load schemas, status={n}",
        "A schema of the runtime directory could not be used; ZWEL0070E and the lines after it say which and why. Status 5: it is no schema.",
        "Check the schemas directory of the runtime: zowe.runtimeDirectory may name a directory that is no runtime of Zowe.";
    no_log_context "ZWEL0074E" Error OnMatch ()
        "Log context was not created",
        "Logging could not be set up.",
        "Contact support.";
    manifest_version_not_read "ZWEL0075W" Warning OnMatch (why)
        "Could not read manifest.json version: {why}",
        "manifest.json of the runtime directory is missing or damaged; the version of Zowe is shown as unknown, and what depends on it is \
        not checked.",
        "See whether the runtime directory is whole and can be read by the started task's user.";
    runtime_not_prepared "ZWEL0112E" Error OnMatch ()
        "Zowe runtime environment must be prepared first with \"zwe internal start prepare\" command.",
        "Never issued: the launcher prepares by itself what it starts.",
        "None.";
    directory_not_made "ZWEL0139E" Error OnMatch (dir)
        "Failed to create directory {dir}.",
        "zowe.extensionDirectory is not there and could not be made; ZWEL1050E says why.",
        "Correct the owner or mode of the directory above it.";
    configuration_not_translated "ZWEL0140E" Error OnMatch (config)
        "Failed to translate Zowe configuration ({config}).",
        "The merged configuration could not be written.",
        "Check the workspace directory.";
    no_write_permission "ZWEL0141E" Error Always (user, dir)
        "User {user} does not have write permission on {dir}.",
        "The directory is not writable for the user id of the started task.",
        "Correct owner or mode of the directory.";
    cannot_find_component "ZWEL0152E" Error OnMatch (name)
        "Cannot find component {name}.",
        "`component enable` or `disable` names a component that is neither in the runtime directory nor in zowe.extensionDirectory.",
        "See `zwelnch component list` for those that are there.";
    install_in_root "ZWEL0153E" Error OnMatch ()
        "Cannot install Zowe component to system root directory.",
        "zowe.extensionDirectory is `/`.",
        "Set zowe.extensionDirectory to a directory of its own.";
    component_exists "ZWEL0155E" Error OnMatch (name, dir)
        "Component {name} already exists in {dir}. If you meant to upgrade this component, run the command 'zwe components upgrade' \
        instead.",
        "`component install` does not replace a component. Nothing was changed.",
        "`zwelnch component upgrade` does; a component of Zowe itself can be replaced by neither.";
    workspace_directory_not_defined "ZWEL0157E" Error Always ()
        "Zowe workspace directory (zowe.workspaceDirectory) is not defined in Zowe YAML configuration file.",
        "zowe.workspaceDirectory is not set.",
        "Set zowe.workspaceDirectory in zowe.yaml.";
    component_name_missing "ZWEL0167E" Error OnMatch (file)
        "Cannot find component name from {file} package manifest.",
        "There is no manifest at the root of the package, or it has no usable name; ZWEL1050E says which. Nothing was changed.",
        "Correct the package. A package has its manifest at its root, not in a directory.";
    command_file_missing "ZWEL0172E" Error OnMatch (name, command, file)
        "Component {name} has commands.{command} defined but the file is missing. Looked for {file}",
        "The manifest names a command file that is not there.",
        "Correct the manifest or reinstall the component.";
    extension_directory_not_defined "ZWEL0180E" Error OnMatch ()
        "Zowe extension directory (zowe.extensionDirectory) is not defined in Zowe YAML configuration file.",
        "Components are installed in zowe.extensionDirectory, which is not set.",
        "Set zowe.extensionDirectory.";
    link_not_made "ZWEL0204E" Error OnMatch (error)
        "Symlink creation failure, error={error}",
        "A directory is installed as a link to it, which could not be made.",
        "See the reason.";
    runs_as_izusvr "ZWEL0302W" Warning OnMatch ()
        "You are running the Zowe process under user id IZUSVR. This is not recommended and may impact your z/OS MF server negatively.",
        "The user id of z/OSMF runs Zowe.",
        "Give the started task a user id of its own.";
    handler_failed "ZWEL0304E" Error OnMatch ()
        "Handler install failure, cannot continue.",
        "The handler of the registry has not named a package; its output stands above.",
        "See the output of the handler.";
    package_directory_missing "ZWEL0305E" Error OnMatch ()
        "Could not find one of the components' directories.",
        "The handler of the registry has named several packages, and `null` for one of them. The others were installed.",
        "See the output of the handler.";
    not_installed "ZWEL0306W" Warning OnMatch (name)
        "Component {name} cannot be uninstalled, because it is not currently installed.",
        "`component uninstall` names a component that is not in zowe.extensionDirectory.",
        "See `zwelnch component list` for those that are there.";
    core_not_uninstalled "ZWEL0307E" Error OnMatch (name)
        "Component {name} cannot be uninstalled, because it is a core component. If you do not want to use it, disable it instead.",
        "It is part of Zowe, in the runtime directory.",
        "`zwelnch component disable`.";
    directory_not_removed "ZWEL0308W" Warning OnMatch (dir, rc)
        "Component directory {dir} could not be removed, rc={rc}.",
        "The component is disabled, and its directory, or a part of it, is still there.",
        "Remove what is left of it by hand.";
    core_skipped "ZWEL0309W" Warning OnMatch (name)
        "Skipping removal of component {name} because it is a core component.",
        "The handler of the registry has named a component that is part of Zowe.",
        "None.";
    nothing_to_search_for "ZWEL0310E" Error OnMatch ()
        "Component name (-name|-n) or id (-id,-d) required but not specified.",
        "`component search` was given neither.",
        "Give one: `zwelnch component search -o NAME` or `-d ID`.";
    search_needs_handler "ZWEL0311E" Error OnMatch ()
        "Handler (-handler,-h or zowe.extensionRegistry.defaultHandler) required but not specified.",
        "No registry is named in which to search.",
        "Set zowe.extensionRegistry, or give --handler and --registry.";
    marked_but_not_installed "ZWEL0312W" Warning OnMatch (name)
        "Component {name} marked for removal but is not installed.",
        "The handler of the registry has named a component that is not in zowe.extensionDirectory.",
        "None.";
    package_file_missing "ZWEL0313E" Error OnMatch (file)
        "Cannot file component file {file}.",
        "There is no such file or directory.",
        "Correct the path.";
    install_all "ZWEL0314E" Error OnMatch ()
        "Cannot install with component=all. This option only exists for upgrade.",
        "`all` stands for all that is installed.",
        "Name what is to be installed.";
    handler_needed "ZWEL0315E" Error OnMatch ()
        "Handler (-handler or zowe.extensionRegistry.defaultHandler) required but not specified.",
        "What is to be installed is no file or directory, and no registry is named in which to look for it.",
        "Correct the path, or set zowe.extensionRegistry.";
    configure_command_failed "ZWEL0317E" Error OnMatch (name, rc)
        "Component {name} commands.configure ended with rc={rc}.",
        "A configure command failed; zowe.launchScript.onComponentConfigureFail decides what follows.",
        "See the component's output before.";
    file_not_read "ZWEL0318E" Error OnMatch (file, why)
        "- failed to read '{file}' - {why}",
        "A configuration source could not be opened. ZWEL0048E says the same in the launcher's own words.",
        "Check the path and the permissions.";
    component_ready "ZWEL0900I" Info Wto (name, s)
        "component {name} is ready after {s} seconds",
        "The component has passed its readiness check.",
        "None.";
    instance_ready "ZWEL0901I" Info Wto (id, n, m, s)
        "Zowe instance {id} is ready for work, {n} of {m} components ready after {s} seconds",
        "All components that are waited for are ready.",
        "None.";
    instance_degraded "ZWEL0902W" Warning Wto (id, names)
        "Zowe instance {id} is degraded, not ready: {names}",
        "At least one component is not ready.",
        "See DISP.";
    component_waits_for "ZWEL0903I" Info OnMatch (name, names)
        "component {name} waits for {names}",
        "The start waits for other components to be ready.",
        "None.";
    component_waited_in_vain "ZWEL0904W" Warning Wto (name, s, names)
        "component {name} waited {s} seconds for {names} and is started without",
        "The dependency time-out is over.",
        "See why the named components are not ready.";
    component_ended_unasked "ZWEL0905E" Error Wto (name, pid, how, uptime)
        "component {name}({pid}) ended unasked: {how} after {uptime}",
        "A component ended although nobody had asked for it.",
        "See its output before; ZWEL0005I says when it is started again.";
    instance_ends_because "ZWEL0906E" Error Wto (id, reason)
        "Zowe instance {id} ends because {reason}",
        "The launcher ends by its own decision.",
        "See the reason.";
    instance_ended "ZWEL0907I" Info Wto (id, n)
        "Zowe instance {id} has ended, condition code {n}",
        "The launcher has ended; the condition code is that of the job step: 0 after P, 8 not started, 12 all failed, 16 internal error.",
        "None when 0; else see the messages before.";
    left_over_ipc_removed "ZWEL0908I" Info OnMatch (n)
        "{n} message queues and sets of semaphores that ended processes had left were removed",
        "z/OS keeps them until somebody removes them; when they are as many as it allows, node.js cannot be started any more. Only those \
        of the started task's user are removed, and only where every process that used them has ended.",
        "None.";
    left_over_ipc_not_removed "ZWEL0909W" Warning OnMatch (why)
        "cannot remove message queues and semaphores that ended processes have left: {why}",
        "They could not be listed, or one of them could not be removed; the start goes on.",
        "See ipcs, and remove what is left of earlier runs with ipcrm.";
    instance_already_running "ZWEL0910E" Error Wto (id, job, sysname)
        "HA instance {id} is already running in this workspace: job {job} on {sysname}",
        "Another launcher runs this HA instance on the same workspace.",
        "Stop the other job first, or start another HA instance.";
    ha_instance_not_defined "ZWEL0911E" Error Wto (id, ids)
        "HA instance {id} is not defined in haInstances, defined: {ids}",
        "The id given with HAINST is not a key of haInstances.",
        "Correct HAINST or add the instance to zowe.yaml.";
    left_over_processes_ended "ZWEL0912I" Info Wto (n, id)
        "{n} processes left by an earlier run of {id} were ended",
        "An earlier run left processes behind; they were ended before the start.",
        "None.";
    job_name_too_long "ZWEL0913W" Warning Wto (job)
        "job name {job} has 8 characters: operator commands can hit its child address spaces",
        "UNIX children carry a job name of 8 characters unchanged.",
        "Start with JOBNAME= of at most 7 characters.";
    component_not_installed "ZWEL0915W" Warning OnMatch (name, places)
        "component {name} is enabled but not installed, looked in {places}",
        "No directory of that name with a manifest exists.",
        "Install the component or disable it.";
    configuration_warning "ZWEL0916W" Warning OnMatch (why)
        "configuration: {why}",
        "Something in the configuration is odd but usable.",
        "Correct what the message names.";
    validate_command_failed "ZWEL0917E" Error OnMatch (name, rc)
        "Component {name} commands.validate ended with rc={rc}.",
        "A validate command failed; all are run before the launcher ends.",
        "See the component's output before.";
    component_error "ZWEL0918E" Error OnMatch (name, why)
        "Component {name}: {why}",
        "The component cannot be prepared.",
        "Correct what the message names.";
    file_not_written "ZWEL0919E" Error OnMatch (file, why)
        "failed to write '{file}' - {why}",
        "A file of the workspace or the log directory could not be written.",
        "Check space and permissions.";
    status_line "ZWEL0920I" Info OnMatch (line)
        "{line}",
        "Table of the answer to DISP.",
        "None.";
    component_not_running "ZWEL0921I" Info OnMatch (name)
        "component {name} is not running",
        "STOP of a component that is down, or START of it with others of which one was refused (ZWEL0039E).",
        "None.";
    component_not_restarted "ZWEL0922E" Error OnMatch (name, why)
        "component {name} is not restarted - {why}",
        "RESTART read the configuration anew and found it unusable, or a validate command refused it (then ZWEL0945W follows).",
        "Correct what the message names and repeat RESTART.";
    component_being_changed "ZWEL0923I" Info OnMatch (name, action)
        "component {name} is being {action}",
        "The operator command was accepted; ZWEL0001I or ZWEL0002I follows.",
        "None.";
    component_needed_by "ZWEL0924W" Warning OnMatch (name, names)
        "component {name} is needed by {names}",
        "Running components depend on the one that is stopped.",
        "None, or stop them too.";
    internal_error "ZWEL0925E" Error Always (why)
        "internal error: {why}",
        "A fault of the launcher itself.",
        "Contact support with the whole SYSPRINT.";
    output_lost "ZWEL0926W" Warning OnMatch (name, why)
        "component {name}: output was lost - {why}",
        "A line could not be kept in full.",
        "Check the space in the temporary directory.";
    component_not_spawned "ZWEL0927E" Error OnMatch (name, why)
        "failed to spawn component {name} - {why}",
        "The system refused a process; ZWEL0040E follows.",
        "See the reason.";
    processes_found_by "ZWEL0928I" Info OnMatch (how)
        "processes of components are found {how}",
        "How it is known what belongs to a component when it, or the launcher, ends (debug level only). On Linux each component has a control group, where the launcher may make one below its own.",
        "None. A unit of systemd lets the launcher make control groups with Delegate=yes.";
    console_listener_failed "ZWEL0929E" Error Always (why)
        "console listener failed - {why}",
        "Operator commands cannot be received.",
        "See the reason.";
    plain_error "ZWEL0930E" Error OnMatch (why)
        "{why}",
        "A command typed in a shell could not be done.",
        "Correct what the message names.";
    not_possible_while_preparing "ZWEL0931I" Info OnMatch (id, command)
        "instance {id} is being prepared, command '{command}' is not possible yet",
        "The instance is still being validated and configured.",
        "Repeat the command after ZWEL0012I.";
    ignored_while_ending "ZWEL0932I" Info OnMatch (id, command)
        "instance {id} is ending, command '{command}' is ignored",
        "P, a signal or a fatal end came before the command.",
        "Start the instance again.";
    configured_environment_not_read "ZWEL0933W" Warning OnMatch (name, why)
        "component {name}: the environment of its configure command cannot be read, the configured one is used - {why}",
        "The snapshot file in the workspace has gone or was changed.",
        "RESTART the component, which configures it anew.";
    no_operator_console "ZWEL0934W" Warning OnMatch (why)
        "no operator console - {why}",
        "The system directory cannot be used; the launcher runs and is ended by a signal.",
        "Correct what the message names, or set ZWELNCH_SYSTEM.";
    phase_timed_out "ZWEL0935E" Error OnMatch (name, phase, s)
        "component {name}: commands.{phase} did not end within {s} seconds and was ended",
        "The command used up its time (components.<name>.launcher.validateTimeout). It counts as failed.",
        "See its output for what it waits for; raise the bound where it needs the time.";
    prepared_in "ZWEL0936I" Info OnMatch (s, parts)
        "prepared in {s} seconds: {parts}",
        "Where the time between S and the start commands went; with debug lines the slowest commands are listed too.",
        "None.";
    input_line_sent "ZWEL0937I" Info OnMatch (name)
        "the line was sent to component {name}",
        "Answer to SEND: the line is in the component's standard input.",
        "None.";
    input_line_not_sent "ZWEL0938E" Error OnMatch (name, why)
        "the line was not sent to component {name}: {why}",
        "SEND works for running components with launcher.stdin: true that read what they are sent.",
        "Correct what the message names.";
    job_entry_unreadable "ZWEL0939W" Warning OnMatch (path, why)
        "which job is in {path} cannot be told - {why}",
        "Off z/OS: the entry of a job in the system directory, or the directory of these entries, cannot be read. Commands do not reach that job.",
        "Correct the owner and mode, which are those of the user of the system directory; a damaged entry of a job that has ended can be removed.";
    probe_not_judged "ZWEL0940I" Info OnMatch (name, question, why)
        "component {name} answers, but its {question} is not known - {why}",
        "The component is asked over https, and speaks TLS or has a certificate of a kind that Java and node.js know and this program does \
        not. That is not held against it: it counts as alive, and as ready. Said once for each reason.",
        "None, if the component is well. A probe by command or tcp asks in another way.";
    console_lines_not_written "ZWEL0941W" Warning Always (n, why)
        "{n} lines for the operator's console (SYSLOG) were not written: {why}",
        "What should have been on the operator's console could not be written there, off z/OS to SYSLOG of the system directory. Said on \
         SYSPRINT when it begins and when it is over, and on SYSLOG as soon as that can be written again; a console says it of its own \
         commands.",
        "Remove the cause that is named; what is missing there is on SYSPRINT.";
    limits_not_kept "ZWEL0942W" Warning OnMatch (why)
        "SYSLOG or spool is not kept within its limits: {why}",
        "A new SYSLOG could not be begun, which then goes on in the old file, or what is too old or too much could not be removed.",
        "Remove what is in the way.";
    answer_broken_off "ZWEL0943E" Error OnMatch (command, why)
        "the answer to {command} has broken off: {why}",
        "The job has taken the command, but its answer has no end: the job ended meanwhile, or nothing came for a minute. What came of the \
         command is not known. A console ends with exit code 12.",
        "Look at the job's SYSPRINT and at DISP.";
    runs_in_place_of "ZWEL0944I" Info OnMatch (path)
        "{path} is not on this system, this zwelnch runs in its place",
        "A procedure names zwelnch by the path that it has on z/OS. Off z/OS the procedure is rehearsed with the program that reads it.",
        "None.";
    started_again_as_before "ZWEL0945W" Warning Wto (name)
        "component {name} is started again as it was, with the configuration it had before",
        "RESTART or RELOAD had stopped the component and a validate command then refused the new configuration: nothing of it is applied.",
        "Correct what the messages before name and repeat the command.";
    pre_configure_command_failed "ZWEL0946W" Warning OnMatch (name, rc)
        "Component {name} commands.preConfigure ended with rc={rc}, the component is configured all the same.",
        "As in Zowe's server commands the code of preConfigure keeps nothing from being done.",
        "See the component's output before.";
    limits_not_understood "ZWEL0947W" Warning OnMatch (why)
        "the defaults hold for SYSLOG and spool: {why}",
        "The file LIMITS of the system directory cannot be read, or a line of it is wrong. Nothing of it is used.",
        "Correct the file; docs/operations.md describes it.";
    commands_run_by_shell "ZWEL0948I" Info OnMatch (shell, why)
        "lifecycle commands are run by {shell}: {why}",
        "The runtime directory has Zowe's shell functions, which are written for the z/OS shell. Not on z/OS.",
        "None. ZWELNCH_SHELL in STDENV names another shell by its absolute path.";
    registered_file_left "ZWEL0949W" Warning OnMatch (name, file, why)
        "component {name}: '{file}' is left as it is - {why}",
        "A static definition, a plug-in pointer or a shared library in the workspace would be removed, for its component does not register \
        it any more; but only what this program wrote, and nothing has changed since, is its own to remove.",
        "Remove the file if nothing needs it: what stands there stays registered.";
    startup_check_failed "ZWEL0950E" Error OnMatch (check, why)
        "startup check {check}: {why}",
        "A start-up check has failed; all are made before ZWEL0030E ends the launcher.",
        "Correct what the message names. zowe.launchScript.startupChecks.<check> (exit, warn, disabled) says what a failure leads to.";
    startup_check_warning "ZWEL0951W" Warning OnMatch (check, why)
        "startup check {check}: {why}",
        "A start-up check found something odd, or has failed and zowe.launchScript.startupChecks.<check> is warn; the start goes on.",
        "Correct what the message names.";
    startup_check_note "ZWEL0952I" Info OnMatch (check, why)
        "startup check {check}: {why}",
        "Something that the check concerns was not looked at, a key ring for example.",
        "None.";
    component_runs_within "ZWEL0953I" Info OnMatch (name, service)
        "component {name} runs as part of component {service}, which is to be named in its place",
        "API ML runs as one process, so that its parts cannot be operated one by one.",
        "Name the component that runs, or set components.apiml.enabled to false to run the parts by themselves.";
    lines_not_written "ZWEL0954W" Warning Wto (n, why)
        "about {n} lines before these were not written to SYSPRINT - {why}",
        "Writing to SYSPRINT failed for a while (a full file system, a full spool). Lines of components and of the launcher are missing \
        there; components that have a log file of their own have theirs in it.",
        "Make room where SYSPRINT is.";
    logs_not_rotated "ZWEL0955E" Error OnMatch (n)
        "log files are not rotated - {n} of them could not be begun anew",
        "LOGROTATE could not begin the log files that the messages ZWEL0959W and ZWEL0992W before name; the others were rotated.",
        "Remove what is in the way, check space and permissions of zowe.logDirectory, and repeat LOGROTATE.";
    probe_not_possible "ZWEL0956W" Warning OnMatch (name, question, why)
        "component {name} cannot be asked for its {question} - {why}",
        "The command of the probe cannot be run: its file is not there or cannot be read, or the system makes no process. That says \
        nothing of the component, which is neither taken for not alive nor restarted for it, and not for ready. It is asked again at each interval.",
        "Correct components.<name>.launcher.<question>.command, or the component's file; zwelnch check names the place.";
    time_zone_is "ZWEL0957I" Info OnMatch (zone, offset)
        "time stamps are in the time zone '{zone}' from here on, now {offset} from UTC",
        "components.launcher.timezone is not UTC, or RELOAD has changed it. A stamp in another zone than UTC ends in its offset.",
        "None.";
    clock_set_back "ZWEL0958W" Warning OnMatch (s, stamp)
        "the system's clock was set back by {s} seconds, the line before is of {stamp}",
        "Stamps follow the clock, so that those of the lines from here on may come a second time. Less than a second is not said: stamps wait \
        for it.",
        "Find out who sets the clock in steps. Restarts, timeouts and probes of the launcher do not go by this clock.";
    log_file_not_rotated "ZWEL0959W" Warning OnMatch (name, why)
        "component {name}: its log file is not rotated and goes on - {why}",
        "A new log file could not be begun, by size or by LOGROTATE: the old one goes on and grows. It is tried again after a minute and \
        on LOGROTATE, and said again when the reason is another.",
        "Remove what is in the way, or check space and permissions of zowe.logDirectory.";
    address_space_not_shared "ZWEL0960W" Warning OnMatch (names, file, why)
        "components {names} do not share the launcher's address space: {file}, which runs them, {why}",
        "shareAs is yes. z/OS runs a program with one of these bits in an address space of its own, whatever _BPX_SHAREAS says.",
        "None, if address spaces of their own are wanted: set shareAs to no. Else name a shell without the bit by ZWELNCH_SHELL in STDENV, or take the bit away (chmod -t).";
    address_space_must_be_shared "ZWEL0961E" Error Wto (name, file, why)
        "component {name} is not started: its shareAs is must, and {file}, which runs it, {why}",
        "z/OS refuses to run a program with one of these bits in the launcher's address space.",
        "Set the component's shareAs to yes or no, or name a shell without the bit by ZWELNCH_SHELL in STDENV.";
    signal_passed_over "ZWEL0962W" Warning OnMatch (signal)
        "signal {signal} means nothing to the launcher and is passed over",
        "A signal has arrived that neither ends the launcher nor begins its log files anew. Nothing has changed.",
        "Find out who sends it: SIGTERM ends the launcher, SIGUSR1 begins log files anew.";
    sysprint_begun "ZWEL0963I" Info OnMatch (id, version)
        "Zowe instance {id} goes on: SYSPRINT and log files are begun anew at SIGUSR1, zwelnch {version}",
        "SIGUSR1 was received. The ruler and this line are the head of a new block of SYSPRINT; where its file had been moved away, of a new file.",
        "None.";
    jobs_left_running "ZWEL0964W" Warning OnMatch (jobs)
        "{jobs} did not end and is left running",
        "A console that was to stop what it had started has told these jobs to stop, has then cancelled them, and found them running still.",
        "See their SYSPRINT; end them by C job.id at another console of the system.";
    lines_lost_at_end "ZWEL0965W" Warning Always (n, s)
        "up to {n} lines are lost, SYSPRINT was not read for {s} seconds at the end",
        "The launcher ended all the same. Not counted is what components had written that was still in their pipes.",
        "Find out why SYSPRINT is not read (a full spool, a pipe that nobody reads).";
    operator_commands_delayed "ZWEL0966W" Warning Wto (why)
        "operator commands are not taken for the moment - {why}",
        "The system had no descriptor or memory for a console's connection: it is tried ten times a second until it is taken. Or the control socket of the job was removed: it is made anew at once, or tried again every 30 seconds.",
        "See the reason: raise the limit of open files (MAXFILEPROC), or end programs that keep connections to the console; keep what removes old files away from the system directory.";
    changes_not_seen "ZWEL0967W" Warning OnMatch (name, why)
        "not all changes of component {name} are seen: {why}",
        "The directory of the component, or one on the way to it, is not there for the moment, or the system does not tell of its changes.",
        "None when it is being built anew; else see the reason. On Linux see fs.inotify.max_user_watches.";
    lock_file_made_anew "ZWEL0968W" Warning Wto (file, id)
        "lock file '{file}' of HA instance {id} was removed while it runs, it was made anew",
        "Somebody has removed the lock file, or the whole workspace. Until it was made anew, a second start was refused only by the record \
        of processes.",
        "Leave the files of the workspace alone while an instance runs.";
    lock_file_replaced "ZWEL0969E" Error Wto (file, id, why)
        "lock file '{file}' of HA instance {id} is another one than this launcher's - {why}",
        "The lock file was removed while the instance runs, and cannot be locked again: a second start of the instance may not be refused.",
        "If another launcher runs the instance, stop one of the two; else correct the reason. The launcher tries again every 5 seconds.";
    component_not_enabled "ZWEL0970W" Warning OnMatch (name)
        "component {name} is not enabled in this configuration, it is run all the same",
        "zwelnch component run starts a component of which components.<name>.enabled is not true.",
        "Enable it before the instance is to start it.";
    component_not_runnable "ZWEL0971E" Error OnMatch (name, why)
        "component {name} cannot be run: {why}",
        "zwelnch component run names a component that is not there, or that has nothing to run.",
        "See the reason.";
    dependencies_not_started "ZWEL0972I" Info OnMatch (name, names)
        "component {name} depends on {names}: not started by this command",
        "zwelnch component run starts one component and none of its dependencies.",
        "Where it calls them, start them with a command of their own, or run the instance.";
    watching_for_changes "ZWEL0973I" Info OnMatch (name, directory)
        "component {name} is restarted when files in {directory} change; end with Ctrl-C",
        "zwelnch component run --watch has begun to watch.",
        "None.";
    waiting_for_file_change "ZWEL0974I" Info OnMatch (name)
        "component {name} waits for its files to change",
        "It is not running. With --watch it is started again at the next change.",
        "Correct what the messages before name; Ctrl-C ends the command.";
    component_files_changed "ZWEL0975I" Info OnMatch (name)
        "files of component {name} have changed",
        "It is validated anew and, when that is good, restarted.",
        "None.";
    watch_not_available "ZWEL0976E" Error OnMatch (why)
        "--watch is not available: {why}",
        "The system does not tell of changed files, or has no more watches for this user.",
        "Run the command without --watch; on Linux see fs.inotify.max_user_watches and max_user_instances.";
    files_not_tagged "ZWEL0977W" Warning OnMatch (path, why)
        "file {path} cannot be tagged with its code page - {why}; others of its kind neither",
        "z/OS: the file system of the workspace has no tags (NFS), or refuses them. The bytes are the same as with a tag: programs that \
         convert always, as those of Zowe do, read them; a shell or editor shows IBM-1047 as it is and ASCII not at all. Said once.",
        "Keep the workspace in zFS; `chtag -p` shows the tag of a file. docs/zos.md has the code page of each.";
    console_interface "ZWEL0978I" Info OnMatch (through)
        "operator commands are issued through {through}",
        "On z/OS another program issues operator commands: this is the first of those that are there, and whose user may do it.",
        "None. --console-through or components.launcher.consoleThrough choose another one.";
    start_limit_reached "ZWEL0980E" Error Wto (name, count, s)
        "component {name} was started {count} times within {s} seconds and is not started again",
        "Its start limit (launcher.startLimit) is reached: it ends again and again.",
        "Find the reason in the component's output; START it when it is removed.";
    not_started_again "ZWEL0981E" Error Wto (name, why)
        "component {name} is not started again: {why}",
        "The component ended in a way that no restart mends (launcher.fatalExitCodes, launcher.fatalMessages).",
        "Find the reason in the component's output; START it when it is removed.";
    component_not_alive "ZWEL0982E" Error Wto (name, why)
        "component {name} is restarted as it does not live any more: {why}",
        "The component's liveness check failed too often; it is stopped, and started again after its restart interval.",
        "See the component's output before.";
    component_not_ready_yet "ZWEL0983W" Warning OnMatch (name, s)
        "component {name} is not ready, {s} seconds after its start",
        "Its readiness check has not passed in time, or does not pass any more; the component goes on.",
        "See the component's output, and its setting launcher.readiness.";
    hint "ZWEL0984I" Info OnMatch (hint)
        "{hint}",
        "Follows ZWEL0042E or ZWEL0054W: what was meant, perhaps.",
        "Type the command that is meant; HELP lists them all.";
    help_line "ZWEL0985I" Info OnMatch (line)
        "{line}",
        "A line of the answer to HELP.",
        "None.";
    detail_line "ZWEL0986I" Info OnMatch (line)
        "{line}",
        "A line of the answer to DISP,DETAIL.",
        "None.";
    reload_change "ZWEL0987I" Info OnMatch (what)
        "RELOAD: {what}",
        "What RELOAD found different in the configuration; with RELOAD,CHECK nothing is done about it.",
        "None.";
    configuration_not_reloaded "ZWEL0988E" Error OnMatch (why)
        "the configuration is not reloaded - {why}",
        "RELOAD read the configuration anew and found it unusable, or a validate command refused it; all is as it was (ZWEL0945W).",
        "Correct what the messages before name and repeat RELOAD.";
    operation_done "ZWEL0989I" Info OnMatch (what)
        "{what}",
        "The answer to LOGLEVEL and LOGROTATE.",
        "None.";
    launcher_lines_not_written "ZWEL0990W" Warning OnMatch (n)
        "{n} lines of the launcher were not written because SYSPRINT was not read",
        "SYSPRINT did not take lines for so long that 4 MiB of them waited; lines of components are never left out, their writers wait.",
        "Find out why SYSPRINT is slow (a full spool, a pipe that nobody reads).";
    lines_held_back "ZWEL0991W" Warning Wto (name, n)
        "component {name}: {n} lines were held back from the console",
        "More lines matched zowe.sysMessages than a console takes: 50 at once, then 10 a second for each component. SYSPRINT has them all.",
        "See SYSPRINT; make zowe.sysMessages more exact.";
    log_file_not_writable "ZWEL0992W" Warning OnMatch (name, why)
        "component {name}: its log file cannot be written - {why}",
        "SYSPRINT goes on. The file is tried again after a minute, on LOGROTATE and at the next start, and then says what is missing.",
        "Check space and permissions of zowe.logDirectory.";
    last_lines_head "ZWEL0993I" Info OnMatch (name, n)
        "component {name}: its last {n} lines were:",
        "The component ended unasked; what it wrote last is repeated, each line after a bar.",
        "See ZWEL0905E for how it ended.";
    last_lines_end "ZWEL0994I" Info OnMatch (name)
        "component {name}: end of its last lines",
        "See ZWEL0993I.",
        "None.";
    no_guardian "ZWEL0995W" Warning OnMatch (why)
        "no guardian runs: should the launcher be cancelled, components go on running until the next start - {why}",
        "The process that ends the components after a launcher that died could not be started.",
        "See the reason.";
    process_record_not_kept "ZWEL0996W" Warning OnMatch (file, why)
        "the record of processes '{file}' cannot be kept - {why}",
        "Should the launcher and its guardian be killed, the next start cannot end what they leave.",
        "Check space and permissions.";
    left_over_processes_remain "ZWEL0997W" Warning OnMatch (pids, id)
        "processes left by an earlier run of {id} could not be ended: {pids}",
        "They belong to another user, or hang in the system.",
        "End them by hand.";
    stop_command_failed "ZWEL0998W" Warning OnMatch (name, why)
        "component {name}: its stop command failed, it was asked to end by a signal - {why}",
        "launcher.stop.command could not be run, ended with a code, or took longer than three quarters of the grace time.",
        "Correct the command.";
    strays_ended "ZWEL0999W" Warning OnMatch (n)
        "{n} processes that had left their components were ended",
        "Components had started processes that left their process group and did not end with them.",
        "None.";
    journal_not_written "ZWEL1000W" Warning OnMatch (file, why)
        "the journal '{file}' cannot be written, its events are counted - {why}",
        "The file system is full or slow, or the file, or what is to be renamed to make room for a new one, is not the launcher's alone. \
        Everything else goes on; this is said once until the journal can be written again.",
        "See the reason. Without a journal `events`, `logs`, `why` and the like have nothing to show; `components.launcher.journal: false` \
        does without one.";
    journal_events_lost "ZWEL1001W" Warning OnMatch (n, file, why)
        "{n} events are missing in the journal '{file}' - {why}",
        "They could not be written; from here on events are in the journal again, or the launcher has ended.",
        "See ZWEL1000W.";
    journal_is "ZWEL1002I" Info OnMatch (file)
        "journal is '{file}'",
        "Every decision of the launcher from here on is a line of this file: `zwelnch events` shows them.",
        "None.";
    sysprint_index_not_kept "ZWEL1003W" Warning OnMatch (why)
        "the index of SYSPRINT is not kept - {why}",
        "`SYSPRINT.index` in the job's spool directory says which lines of SYSPRINT are whose. From here on `zwelnch logs` cannot tell \
        the lines of components apart.",
        "See the reason; the index is begun again with the next start.";
    sysprint_not_writable "ZWEL1005E" Error Always (why)
        "SYSPRINT cannot be written, its lines go to SYSERR - {why}",
        "z/OS: the data definition is full, or was freed; lines of the launcher itself come as WTOs until it can be written again.",
        "Correct the DD statement SYSPRINT; errno2 is explained by `bpxmtext`.";
    address_space_not_named "ZWEL1006W" Warning OnMatch (name, why)
        "address space could not be named {name}, components run without names of their own - {why}",
        "z/OS: the user of the started task has no READ access to BPX.JOBNAME, or the name is not possible.",
        "Permit READ to BPX.JOBNAME in class FACILITY, or correct zowe.job.prefix and components.<name>.zowe.job.suffix.";
    metrics_served "ZWEL1030I" Info OnMatch (addresses)
        "metrics and health are served at {addresses}",
        "components.launcher.metrics.port is set: /metrics, /livez, /readyz and /health are answered there.",
        "None.";
    metrics_not_served "ZWEL1031E" Error Wto (why)
        "metrics and health are not served - {why}",
        "components.launcher.metrics cannot be served as it stands. The instance itself is not concerned.",
        "Correct it and RELOAD.";
    metrics_not_served_any_more "ZWEL1032I" Info OnMatch ()
        "metrics and health are not served any more",
        "RELOAD found components.launcher.metrics.port without a port.",
        "None.";
    metrics_connections_refused "ZWEL1033W" Warning OnMatch (why)
        "metrics and health: the system refuses connections, they are tried again - {why}",
        "As a rule there are no file descriptors left. Said once until a connection is taken again.",
        "Raise the limit of descriptors (MAXFILEPROC, ulimit -n), or find out who opens so many connections.";
    panel_not_built "ZWEL1034E" Error OnMatch ()
        "this program was built without the panel (cargo feature panel)",
        "`zwelnch panel` is left out of builds for z/OS and of those by a compiler older than Rust 1.88.",
        "Use `zwelnch status`, `events`, `logs`; or a program built with the feature, which shows an instance of z/OS by --journal.";
    panel_without_terminal "ZWEL1035E" Error OnMatch (why)
        "the panel wants a terminal - {why}",
        "`zwelnch panel` draws on the terminal of whoever called it, and reads its keys there.",
        "Call it on a terminal (`ssh -t`); in scripts use `zwelnch status`, `events` and `logs`.";
    panel_without_instance "ZWEL1036E" Error OnMatch (why)
        "there is no instance for the panel to show - {why}",
        "`zwelnch panel` was given no journal, and found no launcher's job where it looked.",
        "Start an instance, or name one: --system, --job, --config, --journal.";
    panel_without_journal "ZWEL1037E" Error OnMatch (why)
        "there is no journal for the panel to show - {why}",
        "The panel shows what an instance's journal tells. components.launcher.journal may be false.",
        "Correct the name, or let the instance keep a journal and start it anew.";
    panel_takes_no_commands "ZWEL1038W" Warning OnMatch ()
        "no commands from here: only the journal of this instance is read",
        "The panel was called with --journal, or for an instance that is no job of an emulated system: there is no console to give commands to.",
        "Give the command at the instance's own console; off z/OS, call the panel with --system.";
    panel_terminal_failed "ZWEL1039E" Error OnMatch (why)
        "the panel's terminal cannot be used - {why}",
        "The terminal has gone, or refuses its mode.",
        "See the reason.";
    panel_sees_less "ZWEL1040W" Warning OnMatch (what, why)
        "the panel does not show {what} - {why}",
        "Something that the panel reads is not there or cannot be read. The rest goes on.",
        "See the reason; Ctrl-R asks anew.";
    component_installed "ZWEL1045I" Info OnMatch (name, version, dir)
        "component {name} {version} is installed in {dir}",
        "`component install` has laid it down and checked it.",
        "None.";
    component_upgraded "ZWEL1046I" Info OnMatch (name, before, version, dir)
        "component {name} is upgraded from {before} to {version} in {dir}",
        "`component upgrade` has put a new one in the place of the old one.",
        "None.";
    component_uninstalled "ZWEL1047I" Info OnMatch (name, dir)
        "component {name} is uninstalled, {dir} is removed",
        "`component uninstall` has removed it.",
        "None.";
    property_set "ZWEL1048I" Info OnMatch (path, value, source)
        "{path} is set to {value} in {source}",
        "The first source of the configuration was edited; nothing else in it is changed, and its comments stay.",
        "None.";
    property_is_set_already "ZWEL1049I" Info OnMatch (path, value, source)
        "{path} is {value} in {source} already",
        "Nothing was to be changed.",
        "None.";
    package_refused "ZWEL1050E" Error OnMatch (what, why)
        "{what}: cannot be done - {why}",
        "A package, a component or a directory of `zwelnch component ...` cannot be used. Unless a message above says otherwise, nothing \
        was changed.",
        "See the reason.";
    configuration_not_edited "ZWEL1051E" Error OnMatch (path, source, why)
        "{path} cannot be set in {source} - {why}",
        "The configuration is as it was.",
        "Correct the reason, or edit the configuration by hand.";
    ha_instance_not_known "ZWEL1052E" Error OnMatch (id, known)
        "{id} is no HA instance of this configuration; there are: {known}",
        "`-i` names a key of haInstances that is not there.",
        "Correct the id.";
    extensions_in_use "ZWEL1053E" Error OnMatch (dir, who)
        "{dir} is being changed by another command: {who}",
        "One command at a time installs, upgrades or uninstalls.",
        "Issue the command again when the other has ended.";
    component_recovered "ZWEL1054W" Warning OnMatch (name, dir)
        "component {name} is there again in {dir}: an earlier upgrade was ended before its end",
        "The old one had been put aside for a new one that never came.",
        "None; upgrade it again.";
    install_command_failed "ZWEL1055E" Error OnMatch (name, status)
        "component {name}: commands.install ended with {status}; it stays installed and is not enabled",
        "Its script has failed, as its output above says. The exit code of the command is that of the script.",
        "Correct the reason, then uninstall and install it, or enable it.";
    package_odd "ZWEL1056W" Warning OnMatch (package, why)
        "{package}: {why}",
        "Something about the package is odd and does not keep it from being used.",
        "See the text.";
    reload_takes_it_up "ZWEL1057I" Info OnMatch ()
        "F jobname,APPL=RELOAD takes this up in a running instance",
        "What is installed, enabled or configured is read when an instance starts, and by RELOAD.",
        "RELOAD, or restart the instance.";
    zis_not_registered "ZWEL1058W" Warning OnMatch (name)
        "component {name} has plug-ins for ZIS, which are not registered by this command",
        "zisPlugins of its manifest: load modules and PARMLIB members belong to the cross-memory server.",
        "On z/OS: `zwe components install process-hook`, or copy them as the documents of the component say.";
    handler_not_run "ZWEL1059E" Error OnMatch (name, why)
        "registry handler {name} cannot be run - {why}",
        "zowe.extensionRegistry, or what it names, cannot be used.",
        "Correct zowe.extensionRegistry.";
    left_behind "ZWEL1060I" Info OnMatch (name, what)
        "component {name}: left behind: {what}",
        "`component uninstall` removes the directory of the component and nothing else.",
        "Remove it where it is not wanted any more.";
    not_packed "ZWEL1061E" Error OnMatch (dir, why)
        "{dir} cannot be packed - {why}",
        "No archive was written.",
        "See the reason.";
    packed "ZWEL1062I" Info OnMatch (file, entries, n, sha256)
        "{file}: {entries} entries, {n} bytes, sha256 {sha256}",
        "`component pack` has written a package; the same directory gives the same bytes again.",
        "None.";
    not_in_package "ZWEL1063W" Warning OnMatch (name)
        "{name} is not packed: git ignores it",
        ".gitignore, or a file like it, leaves it out.",
        "`--include-ignored` packs it.";
    changed_files "ZWEL1080I" Info OnMatch (name, files)
        "component {name}: changed are {files}",
        "Which files have changed, relative to the component's directory, as far as the system told; it follows ZWEL0975I.",
        "None. Where the component itself writes them, let it write to the workspace: else it is restarted for ever.";
}
