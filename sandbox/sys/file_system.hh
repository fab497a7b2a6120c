#pragma once

#include "sandbox/base/unique_fd.hh"

#include <initializer_list>
#include <string>
#include <utility>

namespace caisson::sandbox::sys {

/// fsopen, fsconfig and fsmount in one: a new file system of `type`, mounted nowhere yet.
[[nodiscard]] UniqueFd
make_file_system(const char* type,
                 std::initializer_list<std::pair<const char*, std::string>> options,
                 unsigned attributes);

} // namespace caisson::sandbox::sys
