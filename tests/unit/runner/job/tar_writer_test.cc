// What TarWriter and Context write, read by libarchive in the C locale and by GNU tar.
#include "runner/job/context.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/program.hh"
#include "tests/unit/runner/job/tree.hh"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

namespace caisson::runner {
namespace {

using testing::ElementsAre;

struct TarEntry {
    std::string name;
    std::string link;
    std::string content;
    unsigned mode = 0;
    std::int64_t size = 0;
    std::int64_t modified = 0;
};

class TarFile {
public:
    TarFile()
        : file_(open_file(path(), O_RDWR | O_CREAT, 0600))
    {}
    [[nodiscard]] std::string path() const { return tree_.path() / "x.tar"; }
    [[nodiscard]] int fd() const noexcept { return file_.get(); }

    [[nodiscard]] std::vector<TarEntry> read(bool with_content = true) const
    {
        const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(),
                                                                 archive_read_free);
        archive_read_support_format_tar(reader.get());
        EXPECT_EQ(archive_read_open_filename(reader.get(), path().c_str(), 10240), ARCHIVE_OK);
        std::vector<TarEntry> entries;
        archive_entry* entry = nullptr;
        int result = archive_read_next_header(reader.get(), &entry);
        for (; result == ARCHIVE_OK; result = archive_read_next_header(reader.get(), &entry)) {
            const char* link = archive_entry_symlink(entry);
            TarEntry read{.name = archive_entry_pathname(entry),
                          .link = link == nullptr ? "" : link,
                          .mode = archive_entry_perm(entry),
                          .size = archive_entry_size(entry),
                          .modified = archive_entry_mtime(entry)};
            EXPECT_EQ(archive_entry_uid(entry), 0);
            EXPECT_EQ(archive_entry_gid(entry), 0);
            if (with_content) {
                read.content.resize(static_cast<std::size_t>(read.size));
                EXPECT_EQ(archive_read_data(reader.get(), read.content.data(), read.content.size()),
                          read.size);
            }
            entries.push_back(read);
            if (!with_content) return entries;
        }
        EXPECT_EQ(result, ARCHIVE_EOF) << archive_error_string(reader.get());
        return entries;
    }

    /// The listing of GNU tar, which has to be content with it.
    [[nodiscard]] std::string list() const
    {
        return run_program(
            {.path = "/usr/bin/tar",
             .arguments = {"-tv", "--numeric-owner", "--quoting-style=escape", "-f", path()},
             .environment = {"LC_ALL=C", "TZ=UTC"}});
    }

private:
    Tree tree_;
    UniqueFd file_;
};

void add_file(TarWriter& tar, std::string_view name, std::string_view content)
{
    tar.begin_file(name, 0644, content.size(), 0);
    tar.write(content);
    tar.end_file();
}

TEST(TarWriter, WritesNamesThatFitNoHeaderField)
{
    const std::vector<std::string> names = {"plain",
                                            std::string(100, 'a'),
                                            std::string(101, 'b'),
                                            "\xFF\xFE odd\n",
                                            "\xFF" + std::string(200, 'c'),
                                            std::string(90, 'd') + "/" + std::string(200, 'e'),
                                            "한국어/" + std::string(120, 'f')};
    TarFile file;
    TarWriter tar(file.fd());
    for (const std::string& name : names)
        add_file(tar, name, name);
    tar.add_link(std::string(150, 'l'), "\xFF" + std::string(150, 't'), 0);
    tar.finish();

    const auto entries = file.read();
    ASSERT_EQ(entries.size(), names.size() + 1);
    for (std::size_t index = 0; index < names.size(); ++index) {
        EXPECT_EQ(entries[index].name, names[index]);
        EXPECT_EQ(entries[index].content, names[index]);
    }
    EXPECT_EQ(entries.back().link, "\xFF" + std::string(150, 't'));
    const std::string listing = file.list();
    EXPECT_EQ(std::count(listing.begin(), listing.end(), '\n'), 8);
    EXPECT_NE(listing.find(std::string(101, 'b')), std::string::npos);
    EXPECT_NE(listing.find("\\377\\376 odd\\n"), std::string::npos) << listing;
    EXPECT_NE(listing.find("\\377" + std::string(200, 'c')), std::string::npos) << listing;
}

TEST(TarWriter, WritesSizesAndTimesThatFitNoHeaderField)
{
    constexpr std::uint64_t kHuge = std::uint64_t{9} << 30U;
    TarFile file;
    TarWriter tar(file.fd());
    tar.begin_file("huge", 0600, kHuge, -5);
    const std::string piece(1U << 17U, '\0');
    tar.write(piece); // flushes the header; the rest is a hole
    ASSERT_EQ(::ftruncate(file.fd(), static_cast<off_t>(kHuge) + 4096), 0);

    const auto entries = file.read(/*with_content=*/false);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].size, static_cast<std::int64_t>(kHuge));
    EXPECT_EQ(entries[0].modified, -5);
}

TEST(TarWriter, HoldsAFileToItsSize)
{
    TarFile file;
    TarWriter tar(file.fd());
    tar.begin_file("a", 0644, 3, 0);
    EXPECT_THROW(tar.write("four"), Error);
    tar.write("ab");
    EXPECT_THROW(tar.end_file(), Error);
}

TEST(ContextTar, HoldsASelectionUnderTheNamesItArrivesWith)
{
    const Tree tree;
    tree.directory("dir/sub", 0700);
    tree.directory("dir", 0711);
    tree.file("dir/file", std::string(300'000, 'x'), 0640);
    tree.link("dir/link", "file");
    tree.link("named", "dir/file");
    const Context context = Context::walk(tree.path(), IgnoreRules());
    TarFile file;

    context.write_tar(context.select({"named", "dir"}), "", 1000, file.fd());

    const auto entries = file.read();
    ASSERT_EQ(entries.size(), 5U);
    EXPECT_EQ(entries[0].name, "named");
    EXPECT_EQ(entries[0].content, std::string(300'000, 'x'));
    EXPECT_EQ(entries[0].mode, 0640U);
    EXPECT_EQ(entries[0].modified, 1000);
    EXPECT_EQ(entries[1].name, "./");
    EXPECT_EQ(entries[1].mode, 0711U);
    EXPECT_EQ(entries[2].name, "file");
    EXPECT_EQ(entries[3].name, "link");
    EXPECT_EQ(entries[3].link, "file");
    EXPECT_EQ(entries[4].name, "sub/");
    EXPECT_EQ(entries[4].mode, 0700U);
}

TEST(ContextTar, AppliesChmodToFilesAndDirectories)
{
    const Tree tree;
    tree.file("dir/file");
    const Context context = Context::walk(tree.path(), IgnoreRules());
    TarFile file;

    context.write_tar(context.select({"dir"}), "0751", 0, file.fd());

    for (const TarEntry& entry : file.read())
        EXPECT_EQ(entry.mode, 0751U) << entry.name;
    EXPECT_THROW(context.write_tar(context.select({"dir"}), "u+x", 0, file.fd()), Error);
    EXPECT_THROW(context.write_tar(context.select({"dir"}), "10000", 0, file.fd()), Error);
}

TEST(ContextTar, OfTheSameContentIsTheSameBytes)
{
    const Tree one;
    const Tree other;
    one.file("a");
    one.file("b/c", "x");
    other.file("b/c", "x");
    other.file("a");
    const auto bytes = [](const Tree& tree) {
        const Context context = Context::walk(tree.path(), IgnoreRules());
        TarFile file;
        context.write_tar(context.select({"."}), "", 0, file.fd());
        return read_file(file.path(), 1U << 20U);
    };

    EXPECT_EQ(bytes(one), bytes(other));
}

} // namespace
} // namespace caisson::runner
