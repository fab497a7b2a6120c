#include "runner/store/state.hh"
#include "runner/store/store.hh"
#include "runner/store/temp_file.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace caisson::runner {
namespace {

UniqueFd open_if_there(int blobs, const attest::Digest& digest)
{
    UniqueFd blob(::openat(blobs, digest.hex().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!blob && errno != ENOENT) throw SysError(errno, "open blob " + digest.text());
    return blob;
}

std::uint64_t size_of(int file)
{
    struct stat status = {};
    if (::fstat(file, &status) != 0) throw SysError(errno, "fstat");
    return static_cast<std::uint64_t>(status.st_size);
}

} // namespace

struct BlobWriter::State {
    int blobs; ///< borrowed from the store, as the mark is
    BootMark& mark;
    TempFile file;
    attest::Sha256 hash;
    std::uint64_t size = 0;
};

BlobWriter::BlobWriter(std::unique_ptr<State> state)
    : state_(std::move(state))
{}
BlobWriter::BlobWriter(BlobWriter&&) noexcept = default;
BlobWriter::~BlobWriter() = default;

void BlobWriter::write(std::string_view bytes)
{
    state_->hash.update(bytes);
    state_->file.write(bytes);
    state_->size += bytes.size();
}

BlobWriter::Stored BlobWriter::commit(const std::optional<attest::Digest>& expected)
{
    // consumed whatever happens: an uncommitted file goes with it
    const std::unique_ptr<State> state = std::move(state_);
    Stored stored{.digest = std::move(state->hash).finish(), .size = state->size};
    if (expected && stored.digest != *expected)
        throw Error(ErrorKind::kInput,
                    "its bytes have the digest " + stored.digest.text() + " instead of " +
                        expected->text());
    state->mark.set(state->file.fd(), stored.digest);
    // over what may be there: that one was either the same or damaged
    std::move(state->file).publish(state->blobs, stored.digest.hex());
    return stored;
}

BlobWriter Store::new_blob()
{
    return BlobWriter(std::unique_ptr<BlobWriter::State>(
        new BlobWriter::State{.blobs = state_->blobs.get(),
                              .mark = state_->mark,
                              .file = TempFile::create(state_->tmp.get())}));
}

attest::Digest Store::put_blob(std::string_view bytes)
{
    attest::Digest digest = attest::Digest::of(bytes);
    if (has_blob(digest, bytes.size())) return digest;
    BlobWriter writer = new_blob();
    writer.write(bytes);
    return writer.commit(digest).digest;
}

bool Store::has_blob(const attest::Digest& digest, std::optional<std::uint64_t> size) const
{
    const UniqueFd blob = open_if_there(state_->blobs.get(), digest);
    if (!blob || (size && size_of(blob.get()) != *size)) return false;
    return state_->mark.holds(blob.get(), digest);
}

UniqueFd Store::open_blob(const attest::Digest& digest) const
{
    UniqueFd blob = open_if_there(state_->blobs.get(), digest);
    if (!blob)
        throw Error(ErrorKind::kInput,
                    "blob " + digest.text() + " is missing from the store \"" +
                        state_->root.native() + "\"",
                    "build or pull the image again");
    if (!state_->mark.holds(blob.get(), digest))
        throw Error(ErrorKind::kInput,
                    "blob " + digest.text() + " is damaged in the store \"" +
                        state_->root.native() + "\"",
                    "build or pull the image again");
    return blob;
}

std::string Store::read_blob(const attest::Digest& digest, std::size_t limit) const
{
    const UniqueFd blob = open_blob(digest);
    std::string bytes = read_all(blob.get(), limit, "blob " + digest.text());
    if (attest::Digest::of(bytes) != digest)
        throw Error(ErrorKind::kInput,
                    "blob " + digest.text() + " is damaged in the store \"" +
                        state_->root.native() + "\"",
                    "build or pull the image again");
    return bytes;
}

} // namespace caisson::runner
