#include "runner/store/directory.hh"
#include "runner/store/state.hh"
#include "runner/store/store.hh"
#include "runner/store/temp_file.hh"
#include "sandbox/base/error.hh"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

void remove_files(const UniqueFd& directory)
{
    for (const std::string& name : names_in(directory.get()))
        if (::unlinkat(directory.get(), name.c_str(), 0) != 0 && errno != ENOENT)
            throw SysError(errno, "remove \"" + name + "\"");
}

} // namespace

std::vector<std::string> Store::forget_all()
{
    (void)leftover_trees(); // takes the marks of builds that ended badly: what is left is alive
    const std::lock_guard lock(state_->mutex);
    for (const std::string& id : names_in(state_->builds.get()))
        if (id != state_->build && !state_->stale.contains(id))
            throw Error(
                ErrorKind::kInput, "build " + id + " is running in this store", "wait for its end");
    const WorksAlone alone(state_->lock.get()); // one that has no tree has no marker
    // tags first: whatever interrupts this leaves nothing that names what is gone
    for (const UniqueFd* entries :
         {&state_->images, &state_->steps, &state_->layers, &state_->blobs})
        remove_files(*entries);
    return names_in(state_->trees.get());
}

} // namespace caisson::runner
