// The order in which a cell comes to be. A freshly cloned child of the chamber, already in new
// user, pid, mount, network, IPC and UTS namespaces, runs this table from top to bottom and is the
// step's command at its end. Down to "await plan" it is run while the step before is at work. Read
// this file first; each step lies in the file that
// cell/steps.hh names.
#include "sandbox/cell/setup.hh"

#include "sandbox/base/error.hh"
#include "sandbox/cell/report.hh"
#include "sandbox/cell/steps.hh"

#include <array>
#include <exception>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr std::array kSetup = {
    Step{"die with the chamber", die_with_chamber, "first: a killed chamber leaves no orphan"},
    Step{"keep to itself", keep_to_itself, "nothing of other steps waits for a plan in here"},
    Step{"take identity", take_identity, "until the id maps are written we own nothing in here"},
    Step{"detach mounts", detach_mounts, "before the first mount, or it leaks to the chamber"},
    Step{"open procfs", open_procfs, "the kernel gives a fresh one only beside a full old one"},
    Step{"be killed first", be_killed_first, "early: memory may run short during what follows"},
    Step{"forbid user namespaces", forbid_user_namespaces, "while /proc/sys can still be written"},
    Step{"mount devices", mount_devices, "binds the chamber's nodes"},
    Step{"lay figures", lay_figures, "they are bound over the machine's"},
    Step{"mount procfs", mount_procfs, "its masks are clones of the chamber's empty directory"},
    Step{"await plan", await_plan, "all above hangs on no plan and is done ahead"},
    Step{"state memory", state_memory, "the plan says how much there is"},
    Step{"join cgroups", join_cgroups, "early: what the set-up takes is the step's, too"},
    Step{"hide cgroups", hide_cgroups, "after joining: the group it is in then is all it sees"},
    Step{"mount root", mount_root, "needs the chamber's paths"},
    Step{"move in devices and procfs", move_in, "onto the root; no layer can cover them"},
    Step{"mount binds", mount_binds, "after /dev and /proc, which they cannot cover"},
    Step{"place files", place_files, "over the tree and /dev; needs the chamber's scratch mount"},
    Step{"enter root", enter_root, "from here on no path of the chamber resolves"},
    Step{"name host", name_host, "needs CAP_SYS_ADMIN, dropped below"},
    Step{"split off init", split_off_init, "what is set from here on is the command's alone"},
    Step{"take personality", take_personality, "init keeps the machine's own"},
    Step{"open session", open_session, "/dev/null must be the cell's own"},
    Step{"enter working directory", enter_working_directory, "as root: its parents may be closed"},
    Step{"find user", find_user, "reads the tree's own /etc/passwd; parsed behind the pivot"},
    Step{"read filter", read_filter, "before the descriptors are closed"},
    Step{"meet supervisor", meet_supervisor, "its walls stand before the filter asks it"},
    Step{
        "set limits", set_limits, "late: a low RLIMIT_FSIZE or NOFILE would break the steps above"},
    Step{"drop privileges", drop_privileges, "re-arms the death signal: a new uid clears it"},
    Step{"forbid gains", forbid_gains, "landlock and seccomp refuse without it"},
    Step{"find program", find_program, "as the user it will run as, past no wall it will not have"},
    Step{"restrict files", restrict_files, "after enter root: its rules name paths in here"},
    Step{"close descriptors", close_unlisted, "a directory left open would undo enter root"},
    Step{
        "filter system calls and execute", filter_and_execute, "last: it forbids every call above"},
};

} // namespace

std::span<const Step> cell_setup() noexcept
{
    return kSetup;
}

void run_setup(CellSetup& setup) noexcept
{
    try {
        for (const Step& step : kSetup)
            in_context(step.name, [&] { step.run(setup); });
    } catch (SysError& error) {
        error.set_kind(ErrorKind::kHost); // a wall that this host could not raise
        report_error(setup.report.get(), error);
    } catch (const Error& error) {
        report_error(setup.report.get(), error);
    } catch (const std::exception& error) {
        report_error(setup.report.get(), Error(ErrorKind::kInternal, error.what()));
    }
    ::_exit(1);
}

} // namespace caisson::sandbox
