#pragma once

#include "sandbox/launch.hh"

#include <sys/types.h>

namespace caisson::sandbox {

/// Maps 0 .. 65535 of the user namespace of `pid` to `ids`: as root by writing the maps, else by
/// newuidmap(1) and newgidmap(1), which check /etc/subuid and /etc/subgid.
void map_ids(pid_t pid, const SubordinateIds& ids);

} // namespace caisson::sandbox
