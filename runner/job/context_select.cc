// What COPY takes out of a context. Everything here is decided on the listing: links are followed
// in it, never on disk, so that no path can lead out and none can change under our feet.
#include "runner/dockerfile/glob.hh"
#include "runner/dockerfile/path.hh"
#include "runner/job/beneath.hh"
#include "runner/job/context.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <deque>
#include <sys/stat.h>

namespace caisson::runner {
namespace {

/// As the kernel counts (path_resolution(7)).
constexpr int kMaxLinks = 40;

bool has_wildcard(std::string_view part)
{
    for (std::size_t at = 0; at < part.size(); ++at) {
        if (part[at] == '\\')
            ++at;
        else if (part[at] == '*' || part[at] == '?' || part[at] == '[')
            return true;
    }
    return false;
}

std::string_view base_name(std::string_view path)
{
    return path.substr(path.rfind('/') + 1);
}

/// A source as a path below the context's root, which is the only root there is: "/a" is "a", "."
/// is empty.
std::string below_root(const std::string& written)
{
    std::string path = clean_path(written);
    if (path.starts_with('/')) path.erase(0, 1);
    return path == "." ? std::string{} : path;
}

std::string joined(std::string_view directory, std::string_view name)
{
    std::string path(directory);
    if (!path.empty() && !name.empty()) path += '/';
    path += name;
    return path;
}

void split_into(std::deque<std::string>& parts, std::string_view path)
{
    std::vector<std::string> found;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        if (end > 0 && path.substr(0, end) != ".") found.emplace_back(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    parts.insert(parts.begin(), found.begin(), found.end());
}

/// Feeds the digest of a listing; every field ends where the next can be told to begin.
class Listing {
public:
    void add(const ContextEntry& entry, std::string_view name)
    {
        const bool file = entry.kind == ContextEntry::Kind::kFile;
        text_ += file ? 'f' : entry.kind == ContextEntry::Kind::kDirectory ? 'd' : 'l';
        text_ += ' ';
        for (int shift = 9; shift >= 0; shift -= 3)
            text_ += static_cast<char>('0' + ((entry.mode >> static_cast<unsigned>(shift)) & 7U));
        text_ += ' ';
        text_ += std::to_string(entry.size);
        text_ += ' ';
        if (file) text_ += entry.digest().hex();
        text_ += '\n';
        text_ += name;
        text_ += '\0';
        text_ += entry.link;
        text_ += '\0';
        flush_above(kPiece);
    }
    attest::Digest finish()
    {
        flush_above(0);
        return std::move(hash_).finish();
    }

private:
    static constexpr std::size_t kPiece = std::size_t{64} << 10U;
    void flush_above(std::size_t size)
    {
        if (text_.size() <= size) return;
        hash_.update(text_);
        text_.clear();
    }
    attest::Sha256 hash_;
    std::string text_;
};

} // namespace

const ContextEntry* Context::find(std::string_view path) const
{
    const auto found = std::lower_bound(
        entries_.begin(),
        entries_.end(),
        path,
        [](const ContextEntry& entry, std::string_view wanted) { return entry.path < wanted; });
    return found != entries_.end() && found->path == path ? &*found : nullptr;
}

attest::Digest Context::digest() const
{
    Listing listing;
    for (const ContextEntry& entry : entries_)
        listing.add(entry, entry.path);
    return listing.finish();
}

class Context::Selector {
public:
    explicit Selector(const Context& context)
        : context_(context)
    {}

    void add(const std::string& written, std::vector<Selection::Source>& sources) const
    {
        const std::string path = below_root(written);
        if (path == ".." || path.starts_with("../")) fail_outside(written);

        std::string fixed;
        std::string_view wild = path;
        while (!wild.empty()) {
            const std::size_t end = std::min(wild.find('/'), wild.size());
            if (has_wildcard(wild.substr(0, end))) break;
            fixed = joined(fixed, wild.substr(0, end));
            wild.remove_prefix(std::min(end + 1, wild.size()));
        }
        if (wild.empty())
            sources.push_back(source_at(path, written));
        else
            add_matches(resolve(fixed, written),
                        Glob(std::string(wild), Glob::DoubleStar::kPlain),
                        written,
                        sources);
    }

private:
    [[noreturn]] static void fail_outside(const std::string& written)
    {
        throw Error(
            ErrorKind::kInput,
            show_path(written) + " leads out of the build context",
            "only what lies below the context can be copied; --build-context names another");
    }

    /// Says why `path` is not in the listing.
    [[noreturn]] void fail_absent(const std::string& path, const std::string& written) const
    {
        std::string what = show_path(written);
        // a link on the way led elsewhere: say where
        if (!below_root(written).starts_with(path)) what += " (" + show_path(path) + ")";
        struct stat status {};
        const auto there = find_beneath(context_.root_.get(), path);
        if (!there || ::fstat(there->get(), &status) != 0)
            throw Error(ErrorKind::kInput, what + " is not in the build context");
        if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode))
            throw Error(ErrorKind::kInput, what + " is neither a file, a directory nor a link");
        throw Error(ErrorKind::kInput, what + " is left out of the build context by .dockerignore");
    }

    /// The path that remains when every link on the way, and at its end, is followed. The root is
    /// the empty path.
    [[nodiscard]] std::string resolve(std::string_view path, const std::string& written) const
    {
        std::deque<std::string> left;
        split_into(left, path);
        std::string current;
        int links = 0;
        while (!left.empty()) {
            const std::string part = std::move(left.front());
            left.pop_front();
            if (part == "..") {
                if (current.empty()) fail_outside(written);
                const std::size_t slash = current.rfind('/');
                current.resize(slash == std::string::npos ? 0 : slash);
                continue;
            }
            const std::string next = joined(current, part);
            const ContextEntry* entry = context_.find(next);
            if (entry == nullptr) fail_absent(next, written);
            if (entry->kind == ContextEntry::Kind::kLink) {
                if (entry->link.starts_with('/')) fail_outside(written);
                if (++links > kMaxLinks)
                    throw Error(ErrorKind::kInput,
                                show_path(written) + " is a chain of too many links");
                split_into(left, entry->link);
                continue;
            }
            if (entry->kind == ContextEntry::Kind::kFile && !left.empty())
                fail_absent(next + "/" + left.front(), written);
            current = next;
        }
        return current;
    }

    [[nodiscard]] Selection::Source source_at(std::string_view path,
                                              const std::string& written) const
    {
        const std::string place = resolve(path, written);
        const ContextEntry* entry = context_.find(place);
        Selection::Source source;
        source.directory = place.empty() || entry->kind == ContextEntry::Kind::kDirectory;
        if (!source.directory) {
            source.name = base_name(path);
            source.entries = {index_of(*entry)};
            return source;
        }
        source.prefix = place;
        const auto [first, last] = below(place);
        for (std::size_t index = first; index < last; ++index)
            source.entries.push_back(index);
        return source;
    }

    void add_matches(const std::string& directory,
                     const Glob& glob,
                     const std::string& written,
                     std::vector<Selection::Source>& sources) const
    {
        const std::size_t before = sources.size();
        const std::size_t cut = directory.empty() ? 0 : directory.size() + 1;
        const auto [first, last] = below(directory);
        for (std::size_t index = first; index < last; ++index) {
            const std::string_view path = context_.entries_[index].path;
            if (glob.matches(path.substr(cut))) sources.push_back(source_at(path, written));
        }
        if (sources.size() == before)
            throw Error(ErrorKind::kInput,
                        show_path(written) + " matches nothing in the build context",
                        "a file may be missing, or left out by .dockerignore");
    }

    [[nodiscard]] std::size_t index_of(const ContextEntry& entry) const
    {
        return static_cast<std::size_t>(&entry - context_.entries_.data());
    }

    /// The range of entries below a directory: sorted by bytes, they lie side by side.
    [[nodiscard]] std::pair<std::size_t, std::size_t> below(const std::string& directory) const
    {
        const auto& entries = context_.entries_;
        if (directory.empty()) return {0, entries.size()};
        const auto bound = [&](char end) {
            const std::string key = directory + end;
            const auto found =
                std::lower_bound(entries.begin(),
                                 entries.end(),
                                 key,
                                 [](const ContextEntry& entry, const std::string& wanted) {
                                     return entry.path < wanted;
                                 });
            return static_cast<std::size_t>(found - entries.begin());
        };
        return {bound('/'), bound('/' + 1)};
    }

    const Context& context_;
};

Context::Selection Context::select(const std::vector<std::string>& sources) const
{
    Selection selection;
    const Selector selector(*this);
    for (const std::string& source : sources)
        selector.add(source, selection.sources);

    Listing listing;
    visit(selection,
          [&](const ContextEntry& entry, std::string_view name) { listing.add(entry, name); });
    selection.digest = listing.finish();
    return selection;
}

void Context::visit(const Selection& selection,
                    const std::function<void(const ContextEntry&, std::string_view)>& see) const
{
    // the root's own mode is an accident of where it lies; Docker makes it 0755 as well
    const ContextEntry root{.mode = 0755, .kind = ContextEntry::Kind::kDirectory};
    for (const Selection::Source& source : selection.sources) {
        if (!source.directory) {
            see(entries_[source.entries.front()], source.name);
            continue;
        }
        const ContextEntry* own = find(source.prefix);
        see(own != nullptr ? *own : root, "./");
        const std::size_t cut = source.prefix.empty() ? 0 : source.prefix.size() + 1;
        for (const std::size_t index : source.entries)
            see(entries_[index], entries_[index].path.substr(cut));
    }
}

} // namespace caisson::runner
