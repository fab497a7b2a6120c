#include "runner/image/layer_writer.hh"

#include "runner/image/chunk_queue.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/scope_exit.hh"

#include <cerrno>
#include <fcntl.h>
#include <future>
#include <isa-l/igzip_lib.h>
#include <optional>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

namespace caisson::runner {
namespace {

/// What is handed to the compressor at a time. Always full but for the last: ISA-L's output depends
/// on how its input is cut, and a pipe cuts as it likes.
constexpr std::size_t kChunk = 256U << 10;

/// ISA-L's level 2: within 2 % of the size of gzip -1 at many times its speed. Level 3 has a body
/// of its own for AVX-512 and would give other bytes on other machines; levels 1 and 2 compress
/// alike on every x86-64 with SSE4.2.
constexpr std::uint32_t kLevel = 2;

/// Fills `chunk` from `input` unless it ends before: the bytes read.
std::size_t read_full(int input, std::span<char> chunk)
{
    std::size_t have = 0;
    while (have < chunk.size()) {
        const ssize_t got = ::read(input, chunk.data() + have, chunk.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw SysError(errno, "read the layer");
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    return have;
}

/// One gzip member. ISA-L's header is fixed: no name, time 0, operating system 255 (unknown).
class GzipStream {
public:
    GzipStream()
        : workspace_(ISAL_DEF_LVL2_DEFAULT)
        , output_(kChunk)
    {
        isal_deflate_init(&stream_);
        stream_.gzip_flag = IGZIP_GZIP;
        stream_.level = kLevel;
        stream_.level_buf = workspace_.data();
        stream_.level_buf_size = static_cast<std::uint32_t>(workspace_.size());
    }

    /// Compresses one chunk and hands what comes out to `sink`.
    template<class Sink>
    void add(std::span<char> chunk, bool last, Sink&& sink)
    {
        stream_.next_in = reinterpret_cast<std::uint8_t*>(chunk.data());
        stream_.avail_in = static_cast<std::uint32_t>(chunk.size());
        stream_.end_of_stream = last ? 1 : 0;
        do {
            stream_.next_out = reinterpret_cast<std::uint8_t*>(output_.data());
            stream_.avail_out = static_cast<std::uint32_t>(output_.size());
            if (const int result = isal_deflate(&stream_); result != COMP_OK)
                throw Error(ErrorKind::kInternal, "isal_deflate: " + std::to_string(result));
            sink(std::string_view(output_.data(), output_.size() - stream_.avail_out));
        } while (stream_.avail_out == 0);
    }

private:
    isal_zstream stream_ = {};
    std::vector<std::uint8_t> workspace_;
    std::vector<char> output_;
};

/// A layer that is one chunk, as most are: threads would cost more than they bring.
void store_small(std::span<char> bytes, attest::Sha256& plain, BlobWriter& blob)
{
    plain.update({bytes.data(), bytes.size()});
    GzipStream gzip;
    gzip.add(bytes, true, [&](std::string_view compressed) { blob.write(compressed); });
}

/// Three threads, each as busy as the others: this one reads and hashes what is plain, the next
/// compresses, the last hashes and writes what is compressed. A few chunks are on their way between
/// them. What fails in one stops all, and comes out here.
class Conveyor {
public:
    explicit Conveyor(BlobWriter& blob)
        : blob_(blob)
    {}

    void run(int input, std::string first, attest::Sha256& plain)
    {
        std::future<void> compressing =
            std::async(std::launch::async, [this] { at_work([this] { compress(); }); });
        std::future<void> writing =
            std::async(std::launch::async, [this] { at_work([this] { write(); }); });
        at_work([&] { read(input, std::move(first), plain); });
        compressing.get();
        writing.get();
    }

private:
    static constexpr std::size_t kOnTheirWay = 8;

    /// Whoever fails wakes those who wait for it.
    template<class Work>
    void at_work(Work&& work)
    {
        ScopeExit stop([this] {
            for (ChunkQueue* queue : {&plain_, &compressed_, &empty_})
                queue->stop();
        });
        std::forward<Work>(work)();
        stop.dismiss();
    }

    void read(int input, std::string chunk, attest::Sha256& plain)
    {
        for (std::size_t spare = 0; spare < kOnTheirWay; ++spare)
            empty_.put(std::string(kChunk, '\0'));
        for (;;) {
            plain.update(chunk);
            const bool last = chunk.size() < kChunk;
            if (!plain_.put(std::move(chunk))) return; // its error is the one that counts
            if (last) return;
            std::optional<std::string> next = empty_.take();
            if (!next) return;
            chunk = std::move(*next);
            chunk.resize(read_full(input, chunk));
        }
    }

    void compress()
    {
        GzipStream gzip;
        bool last = false;
        while (!last) {
            std::optional<std::string> chunk = plain_.take();
            if (!chunk) return;
            last = chunk->size() < kChunk;
            gzip.add(*chunk, last, [&](std::string_view bytes) {
                if (!bytes.empty()) compressed_.put(std::string(bytes));
            });
            empty_.put(std::move(*chunk));
        }
        compressed_.finish();
    }

    void write()
    {
        while (const std::optional<std::string> chunk = compressed_.take())
            blob_.write(*chunk);
    }

    BlobWriter& blob_;
    ChunkQueue plain_{kOnTheirWay};
    ChunkQueue compressed_{kOnTheirWay};
    ChunkQueue empty_{2 * kOnTheirWay};
};

} // namespace

Layer store_layer(Store& store, int input)
{
    // fewer, longer reads; refused for what is not a pipe, or is at the user's limit already
    ::fcntl(input, F_SETPIPE_SZ, 1 << 20);

    BlobWriter blob = store.new_blob();
    attest::Sha256 plain;
    std::string first(kChunk, '\0');
    first.resize(read_full(input, first));
    if (first.size() < kChunk)
        store_small(first, plain, blob);
    else
        Conveyor(blob).run(input, std::move(first), plain);
    const BlobWriter::Stored stored = blob.commit();
    return {.blob = {.media_type = kOciLayerGzip, .digest = stored.digest, .size = stored.size},
            .diff_id = std::move(plain).finish()};
}

} // namespace caisson::runner
