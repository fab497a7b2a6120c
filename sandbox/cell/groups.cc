// The cgroups that a step runs in. Into one of version 2 it was cloned; those of version 1 it joins
// here, through descriptors that the runner opened.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/sys/process.hh"

#include <sched.h>

namespace caisson::sandbox {

void join_cgroups(CellSetup& setup)
{
    // 0 is whoever writes. The kernel moves it by the rights of who opened the file (since Linux
    // 5.16, CVE-2021-4197); before, a process might always move itself.
    for (const UniqueFd& tasks : setup.groups)
        write_all(tasks.get(), "0");
    setup.groups.clear();
}

void hide_cgroups(CellSetup&)
{
    sys::unshare(CLONE_NEWCGROUP);
}

} // namespace caisson::sandbox
