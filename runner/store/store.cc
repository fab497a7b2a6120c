#include "runner/store/store.hh"

#include "runner/environment.hh"
#include "runner/store/directory.hh"
#include "runner/store/seal.hh"
#include "runner/store/state.hh"
#include "runner/store/temp_file.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace caisson::runner {
namespace {

constexpr std::string_view kVersion = "caisson-store 1\n";
constexpr std::size_t kEntryLimit = 16U << 20;

/// What a store consists of: a directory that holds anything else is somebody's, not ours.
constexpr std::array<std::string_view, 12> kNames = {"version",
                                                     "lock",
                                                     "blobs",
                                                     "trees",
                                                     "steps",
                                                     "layers",
                                                     "images",
                                                     "filters", // of earlier versions
                                                     "builds",
                                                     "tmp",
                                                     "quarantine",
                                                     "lost+found"};

constexpr const char* kWritablePlace =
    "set CAISSON_STORE to a directory on a disk that can be written";
constexpr const char* kOtherPlace = "set CAISSON_STORE to a new or empty directory";

/// The directory itself, made with its parents where it is missing; ours alone.
UniqueFd open_root(const std::filesystem::path& root)
{
    std::error_code failure;
    if (!std::filesystem::exists(root, failure)) {
        std::filesystem::create_directories(root.parent_path(), failure);
        if (failure)
            throw SysError(
                failure.value(), "mkdir \"" + root.parent_path().native() + "\"", kWritablePlace);
        if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST)
            throw SysError(errno, "mkdir \"" + root.native() + "\"", kWritablePlace);
    }
    UniqueFd directory = open_file(root, O_RDONLY | O_DIRECTORY);
    struct stat status = {};
    if (::fstat(directory.get(), &status) != 0) throw SysError(errno, "fstat");
    // what another user can write, that user can put into our images
    if (status.st_uid != ::geteuid())
        throw Error(ErrorKind::kInput,
                    "it belongs to user " + std::to_string(status.st_uid) + ", not to user " +
                        std::to_string(::geteuid()),
                    kOtherPlace);
    if (::faccessat(directory.get(), ".", W_OK, AT_EACCESS) != 0)
        throw SysError(errno, "write to it", kWritablePlace);
    return directory;
}

std::optional<std::string> read_version(int root)
{
    const UniqueFd file(::openat(root, "version", O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file && errno == ENOENT) return std::nullopt;
    if (!file) throw SysError(errno, "open \"version\"");
    return read_all(file.get(), 256, "\"version\"");
}

void refuse_foreign(int root)
{
    for (const std::string& name : names_in(root))
        if (std::ranges::find(kNames, name) == kNames.end())
            throw Error(ErrorKind::kInput,
                        "the directory is not empty and not a store of caisson",
                        kOtherPlace);
}

/// Makes what is missing; the version file comes last, and until it is there the next process
/// starts over. Two may do so at once: the lock lets one of them find the work done.
void make_store(int root)
{
    refuse_foreign(root);
    const UniqueFd lock = open_file_at(root, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    while (::flock(lock.get(), LOCK_EX) != 0)
        if (errno != EINTR) throw SysError(errno, "flock");
    if (read_version(root)) return;
    if (::fchmod(root, 0700) != 0) throw SysError(errno, "chmod");
    const UniqueFd tmp = make_directory(root, "tmp", 0700);
    const UniqueFd blobs = make_directory(root, "blobs", 0700);
    (void)make_directory(blobs.get(), "sha256", 0700);
    for (const char* name : {"steps", "layers", "images", "builds"})
        (void)make_directory(root, name, 0700);
    // Trees are made by the chamber under subordinate ids, which reach this directory by the
    // descriptor that it is handed and by no path: the root above is 0700.
    (void)make_directory(root, "trees", 0777);
    publish_bytes(tmp.get(), root, "version", kVersion);
}

} // namespace

std::filesystem::path Store::default_path()
{
    if (const std::string path = variable("CAISSON_STORE"); !path.empty())
        return std::filesystem::absolute(path);
    if (::geteuid() == 0) return "/var/lib/caisson";
    if (const auto path = user_data(); !path.empty()) return path / "caisson";
    throw Error(ErrorKind::kInput,
                "find a place for the store: neither HOME nor XDG_DATA_HOME is set",
                "set CAISSON_STORE");
}

std::unique_ptr<Store> Store::open(const std::filesystem::path& root)
{
    return in_context("open the store \"" + root.native() + "\"", [&] {
        auto state = std::make_unique<State>();
        state->root = root;
        state->directory = open_root(root);
        const int directory = state->directory.get();
        std::optional<std::string> version = read_version(directory);
        if (!version) {
            make_store(directory);
            version = read_version(directory);
        }
        if (version != kVersion)
            throw Error(ErrorKind::kInput,
                        "its version is not one that this caisson knows",
                        "use the caisson that made it, or another CAISSON_STORE");
        state->lock = open_file_at(directory, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
        while (::flock(state->lock.get(), LOCK_SH) != 0) // until a collection is over
            if (errno != EINTR) throw SysError(errno, "flock");
        state->blobs = open_directory(directory, "blobs/sha256");
        state->trees = open_directory(directory, "trees");
        state->steps = open_directory(directory, "steps");
        state->layers = open_directory(directory, "layers");
        state->images = open_directory(directory, "images");
        state->builds = open_directory(directory, "builds");
        state->tmp = open_directory(directory, "tmp");
        return std::unique_ptr<Store>(new Store(std::move(state)));
    });
}

Store::Store(std::unique_ptr<State> state)
    : state_(std::move(state))
{}

Store::~Store() = default;

const std::filesystem::path& Store::root() const noexcept
{
    return state_->root;
}

int Store::trees() const noexcept
{
    return state_->trees.get();
}

bool Store::has_tree(const std::string& tree) const
{
    struct stat status = {};
    return is_tree_name(tree) &&
           ::fstatat(trees(), tree.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode);
}

void Store::State::put_entry(const UniqueFd& place,
                             const std::string& name,
                             std::string_view body) const
{
    publish_bytes(tmp.get(), place.get(), name, seal(body));
}

std::optional<std::string> Store::State::find_entry(const UniqueFd& place,
                                                    const std::string& name) const
{
    const UniqueFd file(::openat(place.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file && errno == ENOENT) return std::nullopt;
    if (!file) throw SysError(errno, "open \"" + name + "\" in the store");
    const std::string sealed = read_all(file.get(), kEntryLimit, "an entry of the store");
    const std::optional<std::string_view> body = unseal(sealed);
    return body ? std::optional<std::string>(*body) : std::nullopt;
}

void Store::State::remove_entry(const UniqueFd& place, const std::string& name) const
{
    if (::unlinkat(place.get(), name.c_str(), 0) != 0 && errno != ENOENT)
        throw SysError(errno, "remove \"" + name + "\" from the store");
}

WorksAlone::WorksAlone(int lock)
    : lock_(lock)
{
    if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return;
    const int number = errno;
    // a conversion that fails has given the old lock up (flock(2))
    (void)::flock(lock, LOCK_SH);
    if (number != EWOULDBLOCK) throw SysError(number, "flock");
    throw Error(ErrorKind::kInput, "another caisson works in this store", "wait for its end");
}

WorksAlone::~WorksAlone()
{
    (void)::flock(lock_, LOCK_SH);
}

} // namespace caisson::runner
