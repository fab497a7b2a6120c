#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace caisson::sandbox {

/// Streams one regular file out of a plain tar archive that a stranger made. `archive` is an open
/// regular file, borrowed; `program` is caisson-chamber, which parses it in a process that holds
/// nothing but this file and a pipe, as the calling user: neither namespaces nor subordinate ids
/// are needed. Links are not followed, and what the archive compresses is refused. An archive that
/// is damaged, or that readers could take differently (a name twice, a link, a `..`), is an Error
/// of kind kInput; the sink may have had bytes by then. It gets no more than the archive is large.
void read_archive_member(const std::filesystem::path& program,
                         int archive,
                         const std::string& name,
                         const std::function<void(std::string_view)>& sink);

} // namespace caisson::sandbox
