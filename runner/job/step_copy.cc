#include "runner/job/steps.hh"
#include "runner/job/streams.hh"
#include "sandbox/base/file.hh"

#include <string_view>

namespace caisson::runner {
namespace {

sandbox::ReceiveOptions receive_options(const StepInput& input, const CopyOp& op)
{
    const bool several = op.sources.size() + op.inline_files.size() > 1;
    return {.lowers = input.lowers,
            .upper = input.tree,
            .destination = op.destination,
            .directory = several || op.destination.ends_with('/'),
            .owner = op.owner,
            .most_bytes = input.site.disk_left()};
}

/// A worker that takes files into the step's tree, and the pipe that feeds it.
struct Receiver {
    std::future<sandbox::TreeStats> done;
    UniqueFd input;
};

Receiver start_receiver(const StepInput& input, const sandbox::ReceiveOptions& options)
{
    auto [read_end, write_end] = make_pipe();
    return {.done = input.site.chamber().receive(options, read_end.get()),
            .input = std::move(write_end)};
}

void copy_from_tree(const StepInput& input, const CopyOp& op)
{
    auto [read_end, write_end] = make_pipe();
    sandbox::Chamber& chamber = input.site.chamber();
    const sandbox::CollectOptions collect{.lowers = input.source,
                                          .patterns = op.sources,
                                          .mode = op.mode,
                                          .clamp_epoch = input.epoch};
    auto collected = chamber.collect(collect, write_end.get());
    write_end.reset();
    auto received = chamber.receive(receive_options(input, op), read_end.get());
    read_end.reset();
    collected.wait();
    received.wait();
    collected.get(); // a source that is missing: the receiver saw only an early end
    received.get();
}

/// One file of the context, offered as an archive. False: it is none, and nothing was written.
bool unpack_archive(const StepInput& input, const CopyOp& op, const ContextEntry& entry)
{
    sandbox::ReceiveOptions options = receive_options(input, op);
    options.archive = true;
    options.directory = true;
    Receiver receiver = start_receiver(input, options);
    const sandbox::TreeStats stats = feed(
        receiver.done,
        [&] {
            const UniqueFd file = input.context.open(entry);
            if (copy_hashing(file.get(), receiver.input.get()) != entry.digest())
                throw Error(ErrorKind::kInput,
                            "\"" + std::string(entry.path) + "\" changed while the build read it");
        },
        receiver.input);
    return stats.archive;
}

/// Unpacks those of ADD's sources that are archives and returns the rest.
Context::Selection
unpack_archives(const StepInput& input, const CopyOp& op, const Context::Selection& selection)
{
    Context::Selection rest = selection;
    std::erase_if(rest.sources, [&](const Context::Selection::Source& source) {
        if (source.directory || source.entries.size() != 1) return false;
        const ContextEntry& entry = input.context.entries()[source.entries.front()];
        return entry.kind == ContextEntry::Kind::kFile &&
               in_context("ADD \"" + std::string(entry.path) + "\"",
                          [&] { return unpack_archive(input, op, entry); });
    });
    return rest;
}

void write_inline_files(const StepInput& input, const CopyOp& op, TarWriter& tar)
{
    const auto mode =
        op.mode.empty() ? 0644U : static_cast<std::uint32_t>(std::stoul(op.mode, nullptr, 8));
    for (const auto& [name, content] : op.inline_files) {
        tar.begin_file(name, mode, content.size(), input.epoch);
        tar.write(content);
        tar.end_file();
    }
}

} // namespace

void copy_step(const StepInput& input,
               const CopyOp& op,
               const std::optional<Context::Selection>& selection)
{
    if (op.from_node) return copy_from_tree(input, op);
    if (!op.inline_files.empty()) {
        Receiver receiver = start_receiver(input, receive_options(input, op));
        TarWriter tar(receiver.input.get());
        const auto write = [&] {
            write_inline_files(input, op, tar);
            tar.finish();
        };
        feed(receiver.done, write, receiver.input);
    }
    if (!selection) return;
    const Context::Selection files =
        op.unpack ? unpack_archives(input, op, *selection) : *selection;
    if (files.sources.empty()) return;
    Receiver receiver = start_receiver(input, receive_options(input, op));
    feed(
        receiver.done,
        [&] { input.context.write_tar(files, op.mode, input.epoch, receiver.input.get()); },
        receiver.input);
}

void directory_step(const StepInput& input, const DirectoryOp& op)
{
    Receiver receiver = start_receiver(input,
                                       {.lowers = input.lowers,
                                        .upper = input.tree,
                                        .destination = op.path,
                                        .directory = true,
                                        .most_bytes = input.site.disk_left()});
    TarWriter tar(receiver.input.get());
    feed(
        receiver.done, [&] { tar.finish(); }, receiver.input);
}

} // namespace caisson::runner
