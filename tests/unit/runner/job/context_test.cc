#include "runner/job/context.hh"
#include "sandbox/base/error.hh"
#include "tests/unit/runner/job/tree.hh"

#include <cstdio>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> paths_of(const Context& context)
{
    std::vector<std::string> paths;
    for (const ContextEntry& entry : context.entries())
        paths.emplace_back(entry.path);
    return paths;
}

Context walked(const Tree& tree, std::string_view ignore = {})
{
    return Context::walk(tree.path(), IgnoreRules(ignore));
}

template<class Action>
std::string error_of(Action action, ErrorKind kind = ErrorKind::kInput)
{
    try {
        action();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind);
        return error.what();
    }
    return "no error";
}

TEST(Context, ListsFilesDirectoriesAndLinks)
{
    const Tree tree;
    tree.file("b/file", "hello", 0640);
    tree.directory("a", 0700);
    tree.link("c", "b/file");

    const Context context = walked(tree);

    ASSERT_THAT(paths_of(context), ElementsAre("a", "b", "b/file", "c"));
    const auto& entries = context.entries();
    EXPECT_EQ(entries[0].kind, ContextEntry::Kind::kDirectory);
    EXPECT_EQ(entries[0].mode, 0700U);
    EXPECT_EQ(entries[2].kind, ContextEntry::Kind::kFile);
    EXPECT_EQ(entries[2].size, 5U);
    EXPECT_EQ(entries[2].mode, 0640U);
    EXPECT_EQ(entries[2].digest(), attest::Digest::of("hello"));
    EXPECT_EQ(entries[3].kind, ContextEntry::Kind::kLink);
    EXPECT_EQ(entries[3].link, "b/file");
}

TEST(Context, MayBeEmpty)
{
    const Tree tree;

    EXPECT_TRUE(walked(tree).entries().empty());
    EXPECT_EQ(walked(tree).select({"."}).sources.at(0).entries.size(), 0U);
}

TEST(Context, TakesNamesOfAnyBytes)
{
    const Tree tree;
    const std::string odd = "\xFF\n\t\"'*?[ \\";
    tree.file(odd, "x");
    tree.file("dir/" + std::string(255, 'n'), "y");

    EXPECT_THAT(paths_of(walked(tree)), ElementsAre("dir", "dir/" + std::string(255, 'n'), odd));
}

TEST(Context, ReadsADeepTree)
{
    const Tree tree;
    std::filesystem::path deep = tree.path();
    for (int depth = 0; depth < 300; ++depth)
        deep /= "d";
    std::filesystem::create_directories(deep);

    EXPECT_EQ(walked(tree).entries().size(), 300U);
}

TEST(Context, LeavesOutWhatIsIgnoredAndKeepsParentsOfWhatIsNot)
{
    const Tree tree;
    tree.file("src/a.c");
    tree.file("src/deep/keep/b.c");
    tree.file("src/deep/keep/b.o");
    tree.file("src/deep/other");
    tree.file("top");

    EXPECT_THAT(paths_of(walked(tree, "src\n!src/deep/keep/*.c\n")),
                ElementsAre("src", "src/deep", "src/deep/keep", "src/deep/keep/b.c", "top"));
    EXPECT_THAT(paths_of(walked(tree, "src/deep\ntop\n")), ElementsAre("src", "src/a.c"));
    EXPECT_THAT(paths_of(walked(tree, "src\n!src/none\n")), ElementsAre("top"));
}

TEST(Context, WarnsOfSocketsAndFifos)
{
    const Tree tree;
    ASSERT_EQ(::mkfifo((tree.path() / "fifo").c_str(), 0600), 0);
    tree.file("file");

    const Context context = walked(tree);

    EXPECT_THAT(paths_of(context), ElementsAre("file"));
    EXPECT_THAT(context.warnings(),
                ElementsAre("\"fifo\" is a fifo: left out of the build context"));
    EXPECT_TRUE(walked(tree, "fifo").warnings().empty());
}

TEST(Context, NamesTheFileThatCannotBeRead)
{
    const Tree tree;
    tree.file("secret", "x", 0000);
    std::filesystem::permissions(tree.path(), std::filesystem::perms(0755));
    if (::geteuid() != 0) {
        EXPECT_THAT(error_of([&] { (void)walked(tree); }),
                    HasSubstr("open \"secret\": Permission denied"));
        return;
    }
    // root reads everything: ask again as nobody, in a child
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
        const std::string text = error_of([&] { (void)walked(tree); });
        ::_exit(text.find("open \"secret\": Permission denied") != std::string::npos ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST(Context, SaysThatItIsNotThere)
{
    EXPECT_THAT(error_of([] { (void)Context::walk("/no/such/context", IgnoreRules()); }),
                HasSubstr("read the build context \"/no/such/context\""));
}

TEST(Context, DigestIsOfWhatTheTreeHoldsAndNotOfWhereOrWhen)
{
    const Tree one;
    const Tree other;
    for (const Tree* tree : {&one, &other}) {
        tree->file("a/file", "x");
        tree->link("link", "a");
    }
    std::filesystem::last_write_time(other.path() / "a/file", {});
    std::filesystem::permissions(other.path(), std::filesystem::perms(0711));

    const attest::Digest digest = walked(one).digest();
    EXPECT_EQ(digest, walked(other).digest());
    EXPECT_EQ(walked(one).select({"."}).digest, walked(other).select({"."}).digest);

    other.file("a/file", "y");
    EXPECT_NE(digest, walked(other).digest());
    other.file("a/file", "x", 0600);
    EXPECT_NE(digest, walked(other).digest());
}

TEST(Context, StopsAtAFileThatChangedAfterTheWalk)
{
    const Tree tree;
    const UniqueFd null = open_file("/dev/null", O_WRONLY);
    const auto write_after = [&](const std::function<void()>& change) {
        tree.file("file", "before");
        const Context context = walked(tree);
        change();
        return error_of([&] { context.write_tar(context.select({"file"}), "", 0, null.get()); });
    };

    EXPECT_THAT(write_after([&] { tree.file("file", "after!"); }),
                HasSubstr("\"file\" changed while the build read it"));
    EXPECT_THAT(write_after([&] { tree.file("file", "longer than before"); }),
                HasSubstr("changed"));
    EXPECT_THAT(write_after([&] { tree.file("file", "short"); }), HasSubstr("changed"));
    EXPECT_THAT(write_after([&] { std::filesystem::remove(tree.path() / "file"); }),
                HasSubstr("open \"file\": No such file"));
    EXPECT_THAT(write_after([&] {
                    std::filesystem::remove(tree.path() / "file");
                    tree.link("file", "/etc/passwd");
                }),
                HasSubstr("\"file\" became a link while the build read it"));
    std::filesystem::remove(tree.path() / "file");
    EXPECT_THAT(write_after([&] {
                    std::filesystem::remove(tree.path() / "file");
                    ASSERT_EQ(::mkfifo((tree.path() / "file").c_str(), 0600), 0);
                }),
                HasSubstr("changed"));
}

TEST(Context, OpensAFileForTheCaller)
{
    const Tree tree;
    tree.file("d/archive.tar", "bytes");
    const Context context = walked(tree);

    const UniqueFd file = context.open(context.entries().at(1));

    EXPECT_EQ(read_all(file.get(), 100, "archive"), "bytes");
}

} // namespace
} // namespace caisson::runner
