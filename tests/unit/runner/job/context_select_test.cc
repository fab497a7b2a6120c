#include "runner/job/context.hh"
#include "sandbox/base/error.hh"
#include "tests/unit/runner/job/tree.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::runner {
namespace {

using testing::ElementsAre;

Context walked(const Tree& tree, std::string_view ignore = {})
{
    return Context::walk(tree.path(), IgnoreRules(ignore));
}

/// A selection as text: "name=path" of a file, "prefix/: paths" of a directory.
std::vector<std::string> selected(const Context& context, const std::vector<std::string>& sources)
{
    std::vector<std::string> shown;
    for (const auto& source : context.select(sources).sources) {
        std::string text = source.directory ? source.prefix + "/:" : source.name + "=";
        for (const std::size_t index : source.entries)
            text += (source.directory ? " " : "") + std::string(context.entries()[index].path);
        shown.push_back(text);
    }
    return shown;
}

std::string error_of(const Context& context, const std::string& source)
{
    try {
        (void)context.select({source});
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInput);
        return error.message();
    }
    return "no error";
}

TEST(Select, TakesFilesAndDirectories)
{
    const Tree tree;
    tree.file("a");
    tree.file("dir/x");
    tree.file("dir/sub/y");
    tree.file("dir.d");
    const Context context = walked(tree);

    EXPECT_THAT(selected(context, {"a", "dir/x"}), ElementsAre("a=a", "x=dir/x"));
    EXPECT_THAT(selected(context, {"dir/"}), ElementsAre("dir/: dir/sub dir/sub/y dir/x"));
    EXPECT_THAT(selected(context, {"/dir/sub/../sub"}), ElementsAre("dir/sub/: dir/sub/y"));
    EXPECT_THAT(selected(context, {"."}), ElementsAre("/: a dir dir.d dir/sub dir/sub/y dir/x"));
    EXPECT_THAT(selected(context, {"/"}), ElementsAre("/: a dir dir.d dir/sub dir/sub/y dir/x"));
}

TEST(Select, MatchesWildcards)
{
    const Tree tree;
    tree.file("a.c");
    tree.file("b.c");
    tree.file("b.h");
    tree.file("sub/c.c");
    tree.file("other/c.c");
    tree.file("arr[0].txt");
    const Context context = walked(tree);

    EXPECT_THAT(selected(context, {"*.c"}), ElementsAre("a.c=a.c", "b.c=b.c"));
    EXPECT_THAT(selected(context, {"?.[ch]"}), ElementsAre("a.c=a.c", "b.c=b.c", "b.h=b.h"));
    EXPECT_THAT(selected(context, {"*/c.c"}), ElementsAre("c.c=other/c.c", "c.c=sub/c.c"));
    EXPECT_THAT(selected(context, {"sub/*"}), ElementsAre("c.c=sub/c.c"));
    EXPECT_THAT(selected(context, {"s*"}), ElementsAre("sub/: sub/c.c"));
    EXPECT_THAT(selected(context, {"arr[[]0].txt"}), ElementsAre("arr[0].txt=arr[0].txt"));
}

// BuildKit's COPY sets FollowSymlinks, and fsutil's copy resolves each source, and each match of a
// wildcard, within the root. The name stays that of the link.
TEST(Select, FollowsALinkThatIsTheSourceItself)
{
    const Tree tree;
    tree.file("real/file", "x");
    tree.link("name", "real/file");
    tree.link("dir", "real");
    tree.link("real/up", "../real/file");
    tree.link("twice", "name");
    const Context context = walked(tree);

    EXPECT_THAT(selected(context, {"name", "twice"}),
                ElementsAre("name=real/file", "twice=real/file"));
    EXPECT_THAT(selected(context, {"dir"}), ElementsAre("real/: real/file real/up"));
    EXPECT_THAT(selected(context, {"dir/file", "dir/u*"}),
                ElementsAre("file=real/file", "up=real/file"));
    EXPECT_THAT(selected(context, {"n*"}), ElementsAre("name=real/file"));
}

TEST(Select, RefusesToLeaveTheContext)
{
    const Tree tree;
    tree.file("file");
    tree.link("absolute", "/etc/passwd");
    tree.link("d/up", "../../x");
    tree.link("out", "..");
    const Context context = walked(tree);

    for (const std::string source :
         {"..", "../x", "a/../../x", "absolute", "d/up", "out", "out/etc", "abs*"})
        EXPECT_EQ(error_of(context, source), "\"" + source + "\" leads out of the build context");
}

TEST(Select, SaysWhyThereIsNothing)
{
    const Tree tree;
    tree.file("ignored/file");
    tree.file("present");
    tree.link("dangling", "gone");
    tree.link("to-ignored", "ignored/file");
    tree.link("loop", "loop");
    ASSERT_EQ(::mkfifo((tree.path() / "fifo").c_str(), 0600), 0);
    const Context context = walked(tree, "ignored");

    EXPECT_EQ(error_of(context, "missing"), "\"missing\" is not in the build context");
    EXPECT_EQ(error_of(context, "present/x"), "\"present/x\" is not in the build context");
    EXPECT_EQ(error_of(context, "*.c"), "\"*.c\" matches nothing in the build context");
    EXPECT_EQ(error_of(context, "ignored"),
              "\"ignored\" is left out of the build context by .dockerignore");
    EXPECT_EQ(error_of(context, "ignored/file"),
              "\"ignored/file\" is left out of the build context by .dockerignore");
    EXPECT_EQ(error_of(context, "dangling"), "\"dangling\" (\"gone\") is not in the build context");
    EXPECT_EQ(error_of(context, "to-ignored"),
              "\"to-ignored\" (\"ignored\") is left out of the build context by .dockerignore");
    EXPECT_EQ(error_of(context, "loop"), "\"loop\" is a chain of too many links");
    EXPECT_EQ(error_of(context, "fifo"), "\"fifo\" is neither a file, a directory nor a link");
}

TEST(Select, DigestIsOfTheNamesThatArriveAndWhatTheyHold)
{
    const Tree tree;
    tree.file("one/file", "x");
    tree.file("two/file", "x");
    tree.file("two-names/other", "x");
    tree.file("file", "x");
    const Context context = walked(tree);
    const auto digest = [&](const std::vector<std::string>& sources) {
        return context.select(sources).digest;
    };

    EXPECT_EQ(digest({"one"}), digest({"two"}));
    EXPECT_EQ(digest({"one/file"}), digest({"file"}));
    EXPECT_NE(digest({"one"}), digest({"two-names"}));
    EXPECT_NE(digest({"one"}), digest({"one/file"})); // a directory arrives as another thing
    EXPECT_NE(digest({"one", "one/file"}), digest({"one/file", "one"}));
}

} // namespace
} // namespace caisson::runner
