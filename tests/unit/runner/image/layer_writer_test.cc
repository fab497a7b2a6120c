#include "../store/fixture.hh"
#include "runner/image/layer_writer.hh"
#include "sandbox/base/program.hh"

#include <csignal>
#include <fcntl.h>
#include <random>
#include <sys/resource.h>
#include <thread>

namespace caisson::runner {
namespace {

using LayerWriter = StoreTest;

/// Bytes that compress a little, as files do.
std::string sample(std::size_t size)
{
    std::mt19937 random(7); // NOLINT(cert-msc51-cpp): the same bytes in every run
    std::string bytes;
    bytes.reserve(size);
    while (bytes.size() < size)
        bytes.append(random() % 40, static_cast<char>(random() % 64));
    bytes.resize(size);
    return bytes;
}

/// Feeds `bytes` through a pipe in pieces of `piece`.
Layer store_by_pipe(Store& store, std::string_view bytes, std::size_t piece)
{
    auto [read_end, write_end] = make_pipe();
    std::thread feeder([&bytes, piece, end = std::move(write_end)] {
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            write_all(end.get(), bytes.substr(at, piece));
    });
    Layer layer = store_layer(store, read_end.get());
    feeder.join();
    return layer;
}

std::string gunzip(const Store& store, const attest::Digest& digest)
{
    const UniqueFd blob = store.open_blob(digest);
    return run_program(
        {.path = "/usr/bin/gzip", .arguments = {"-dc"}, .standard_input = blob.get()}, 1U << 26);
}

TEST_F(LayerWriter, WritesWhatGzipReads)
{
    for (const std::size_t size : {0U, 1U, 10240U, 262143U, 262144U, 262145U, 5000000U}) {
        const std::string bytes = sample(size);

        const Layer layer = store_by_pipe(*store, bytes, 65536);

        EXPECT_EQ(layer.diff_id, attest::Digest::of(bytes)) << size;
        EXPECT_EQ(layer.blob.media_type, kOciLayerGzip);
        EXPECT_TRUE(store->has_blob(layer.blob.digest, layer.blob.size)) << size;
        EXPECT_EQ(gunzip(*store, layer.blob.digest), bytes) << size;
    }
}

TEST_F(LayerWriter, GivesTheSameBytesHoweverThePipeCutsThem)
{
    const std::string bytes = sample(3000000);
    const Layer first = store_by_pipe(*store, bytes, 65536);
    for (const std::size_t piece : {999U, 262144U, 3000000U})
        EXPECT_EQ(store_by_pipe(*store, bytes, piece).blob.digest, first.blob.digest) << piece;
}

/// A disk that is full in the middle of a layer: all three threads end, and the reason comes out.
TEST_F(LayerWriter, EndsWhereTheStoreTakesNoMore)
{
    std::string bytes(8U << 20, '\0');
    std::mt19937 random(7); // NOLINT(cert-msc51-cpp): the same bytes in every run
    for (char& byte : bytes)
        byte = static_cast<char>(random());
    (void)::signal(SIGXFSZ, SIG_IGN);
    rlimit before = {};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small = {.rlim_cur = 1U << 20, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    auto [read_end, write_end] = make_pipe();
    (void)::signal(SIGPIPE, SIG_IGN);
    std::thread feeder([&bytes, end = std::move(write_end)] {
        std::string_view rest = bytes;
        while (!rest.empty()) {
            const ssize_t put = ::write(end.get(), rest.data(), rest.size());
            if (put <= 0) return; // nobody reads any more
            rest.remove_prefix(static_cast<std::size_t>(put));
        }
    });
    try {
        (void)store_layer(*store, read_end.get());
        ADD_FAILURE() << "8 MiB went into 1";
    } catch (const SysError& error) {
        EXPECT_EQ(error.number(), EFBIG);
    }
    read_end.reset();
    feeder.join();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_TRUE(std::filesystem::is_empty(root / "tmp"));
}

TEST_F(LayerWriter, WritesAHeaderWithoutNameTimeOrSystem)
{
    const Layer layer = store_by_pipe(*store, "tar", 3);
    const std::string blob = store->read_blob(layer.blob.digest);
    EXPECT_EQ(blob.substr(0, 4), std::string("\x1f\x8b\x08\0", 4));
    EXPECT_EQ(blob.substr(4, 4), std::string(4, '\0')) << "time";
    EXPECT_EQ(blob[9], '\xff') << "unknown operating system";
}

} // namespace
} // namespace caisson::runner
