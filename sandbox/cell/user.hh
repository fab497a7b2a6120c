#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace caisson::sandbox {

/// Who a step runs as.
struct User {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups; ///< supplementary
    std::string home; ///< its home directory: listed in passwd, else "/root" for uid 0, else "/"
};

/// The user that `spec` names ("", "name", "7", "name:group", "7:8"), as Docker reads it: a number
/// that `passwd` does not list is taken as it is, with group 0; supplementary groups come from
/// `groups` unless a group is named. `passwd` and `groups` are the texts of passwd(5) and group(5)
/// files and may be anything. A name that is not listed is an Error of kind kInput.
[[nodiscard]] User
look_up_user(std::string_view spec, std::string_view passwd, std::string_view groups);

} // namespace caisson::sandbox
