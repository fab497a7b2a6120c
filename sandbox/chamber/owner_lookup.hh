#pragma once

#include "sandbox/chamber/tree_writer.hh"

#include <optional>
#include <string>

namespace caisson::sandbox {

/// What `--chown=USER[:GROUP]` means in a tree: numbers as they are, names from the tree's own
/// /etc/passwd and /etc/group. Without a group it is the user's number, as COPY has it. Nothing for
/// "". A name that is not there, or a list that is no small regular file, is an Error of kind
/// kInput (CVE-2024-9676).
[[nodiscard]] std::optional<Owner> find_owner(int root, const std::string& owner);

} // namespace caisson::sandbox
