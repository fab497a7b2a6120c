// Part of a merged view as tar, for COPY --from and for `-o type=tar|local`.
#include "sandbox/base/error.hh"
#include "sandbox/chamber/confined_path.hh"
#include "sandbox/chamber/tree_tar.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/chamber/wildcard.hh"
#include "sandbox/sys/path.hh"

#include <cerrno>
#include <charconv>
#include <sys/stat.h>
#include <vector>

namespace caisson::sandbox {
namespace {

std::optional<mode_t> mode_in(const std::string& text)
{
    if (text.empty()) return std::nullopt;
    mode_t mode = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    if (error != std::errc() || end != text.data() + text.size() || mode > 07777)
        throw Error(ErrorKind::kUsage, sys::quoted(text) + " is no octal mode");
    return mode;
}

/// The components of a source, `..` taken lexically and never above the root, as COPY does.
std::vector<std::string> components_of(const std::string& source)
{
    std::vector<std::string> parts;
    std::size_t start = 0;
    while (start <= source.size()) {
        const std::size_t end = std::min(source.find('/', start), source.size());
        const std::string part = source.substr(start, end - start);
        start = end + 1;
        if (part == ".." && !parts.empty()) parts.pop_back();
        if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    }
    return parts;
}

/// The entries below `directory` that the components from `at` on match; links are not followed.
void match(int directory,
           const std::string& path,
           const std::vector<std::string>& parts,
           std::size_t at,
           std::vector<std::string>& found)
{
    for (const sys::DirectoryEntry& entry : sys::read_directory(directory)) {
        if (!matches_wildcard(parts[at], entry.name)) continue;
        const std::string here = joined(path, entry.name);
        if (at + 1 == parts.size()) {
            found.push_back(here);
            continue;
        }
        const auto below = sys::openat2_if_present(
            directory, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, RESOLVE_BENEATH);
        if (below) match(below->get(), here, parts, at + 1, found);
    }
}

/// What one source selects, by name: a name without wildcards is itself.
std::vector<std::string> selected(int root, const std::string& source)
{
    const std::vector<std::string> parts = components_of(source);
    std::string prefix;
    std::size_t at = 0;
    for (; at < parts.size() && !has_wildcard(parts[at]); ++at)
        prefix = joined(prefix, without_escapes(parts[at]));
    if (at == parts.size()) return {prefix};
    std::vector<std::string> found;
    prefix = resolved(root, prefix);
    if (const auto directory = open_directory(root, prefix))
        match(directory->get(), prefix, parts, at, found);
    return found;
}

/// A link that is named as a source stands for what it leads to.
void add_source(int root, const std::string& path, TreeTar& tar)
{
    const std::string target = resolved(root, path);
    if (const auto directory = open_directory(root, target)) {
        tar.add_directory(directory->get(), ".");
        return tar.add_contents(directory->get(), "");
    }
    const auto [parent_path, name] = split_last(target);
    const auto parent = open_directory(root, parent_path);
    if (!parent || !sys::fstatat(parent->get(), name))
        throw Error(ErrorKind::kInput, sys::quoted("/" + path) + " is not there");
    tar.add_entry(parent->get(), name, split_last(path).second);
}

} // namespace

TreeStats collect_files(int root, const CollectOptions& options, int output)
try {
    TreeTar tar(output, {.epoch = options.clamp_epoch, .mode = mode_in(options.mode)});
    if (options.patterns.empty()) add_source(root, "", tar);
    for (const std::string& source : options.patterns) {
        const std::vector<std::string> paths = selected(root, source);
        if (paths.empty()) throw Error(ErrorKind::kInput, "nothing matches " + sys::quoted(source));
        for (const std::string& path : paths)
            add_source(root, path, tar);
    }
    return tar.finish();
} catch (const SysError& error) {
    if (error.number() != EPIPE) throw;
    return {}; // who stopped reading says why; a second error here would hide that
}

} // namespace caisson::sandbox
