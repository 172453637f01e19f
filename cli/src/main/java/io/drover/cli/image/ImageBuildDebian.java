package io.drover.cli.image;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.FileUpload;
import io.drover.cli.api.InterruptOnExit;
import io.drover.cli.api.ProgressLine;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.Converters.Bytes;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.output.OutputFormat;
import io.drover.cli.output.Printer;
import io.drover.debian.PackageException;
import io.drover.debian.disk.RootDisk;
import io.drover.debian.disk.RootDiskBuild;
import io.drover.debian.disk.RootDiskSpec;
import io.drover.proto.v1.CreateImageRequest;
import io.drover.proto.v1.DiskImage;
import io.drover.proto.v1.GetImageRequest;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.KernelImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "debian",
        description = "Make a Debian system that boots from its disk, of Debian's packages, and register it as two images: "
                + "NAME, which is its kernel, and NAME-disk. Needs no root; as another user, subordinate ids (subuid(5)).",
        footer = {"", "Example: drover image build debian --package nginx-light",
                "         drover vm create web-1 --image debian --disk name=root,image=debian-disk,size=8G --ssh-key "
                        + "~/.ssh/id_ed25519.pub"})
final class ImageBuildDebian implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Option(names = "--name", paramLabel = "NAME", defaultValue = "debian",
            description = "Of the kernel's image; the disk's is NAME-disk (default: ${DEFAULT-VALUE}).")
    private String name = "";
    @Option(names = "--suite", paramLabel = "SUITE", defaultValue = "bookworm",
            description = "Debian's release (default: ${DEFAULT-VALUE}).")
    private String suite = "";
    @Option(names = "--size", paramLabel = "SIZE", defaultValue = "2G",
            description = "Of the disk; a VM's may be larger, and its file system grows (default: ${DEFAULT-VALUE}).")
    private Bytes size = new Bytes(0);
    @Option(names = "--package", paramLabel = "PACKAGE", description = "To be installed too. May be repeated.")
    private List<String> packages = new ArrayList<>();
    @Option(names = "--kernel", paramLabel = "KERNEL", defaultValue = "cloud",
            description = "cloud, which knows virtual machines, or standard, with every driver (default: "
                    + "${DEFAULT-VALUE}).")
    private RootDiskSpec.Kernel kernel = RootDiskSpec.Kernel.CLOUD;
    @Option(names = "--mirror", paramLabel = "URL",
            description = "Where to get packages from; else from where this machine's apt gets them.")
    private Optional<String> mirror = Optional.empty();
    @Option(names = "--to", paramLabel = "DIR",
            description = "Put vmlinuz, initrd.img, the disk and the list of packages there, and register nothing.")
    private Optional<Path> folder = Optional.empty();
    @Option(names = "--format", paramLabel = "FORMAT", defaultValue = "qcow2",
            description = "Of the disk: qcow2, compressed, or raw, sparse (default: ${DEFAULT-VALUE}).")
    private RootDiskSpec.Format diskFormat = RootDiskSpec.Format.QCOW2;

    ImageBuildDebian(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        String id = ResourceNames.IMAGE.id(name);
        String what = "image " + id + " was not built";
        try (InterruptOnExit _ = new InterruptOnExit()) {
            RootDiskSpec spec = RootDiskSpec.of(suite, size.count(), kernel, packages, mirror, diskFormat);
            if (folder.isPresent()) {
                RootDisk disk = build(spec, Files.createDirectories(folder.get()));
                tell("built " + disk.disk() + ", which boots " + disk.kernel() + " with " + disk.initramfs() + " and '"
                        + RootDisk.COMMAND_LINE + "'");
                return ExitCode.OK.number();
            }
            Path temporary = Files.createTempDirectory("drover-image-");
            try (ApiClient api = connection.connect()) {
                refuseTaken(api, what, id);
                refuseTaken(api, what, id + "-disk");
                register(api, id, build(spec, temporary));
            } finally {
                remove(temporary);
            }
            return ExitCode.OK.number();
        } catch (PackageException e) {
            throw new Failure(ExitCode.ERROR, what, e.getMessage(), "");
        } catch (IOException | UncheckedIOException e) {
            throw new Failure(ExitCode.ERROR, what, e.toString(), "check that there is space, and try again");
        }
    }

    /** Before the work: that a name is taken would else be said minutes later. */
    private static void refuseTaken(ApiClient api, String what, String id) throws Failure {
        try {
            api.call(what, () -> api.images()
                    .getImage(GetImageRequest.newBuilder().setName(ResourceNames.IMAGE.full(id)).build()));
        } catch (Failure e) {
            if (e.exitCode() == ExitCode.NOT_FOUND) {
                return;
            }
            throw e;
        }
        throw new Failure(ExitCode.CONFLICT, what, "there is an image " + id + " already",
                "give another --name, or delete that one: drover image delete " + id);
    }

    private RootDisk build(RootDiskSpec spec, Path into) throws IOException, InterruptedException {
        try (ProgressLine line = new ProgressLine(surroundings)) {
            return new RootDiskBuild(spec, line::say).into(into);
        }
    }

    /** The disk first: a kernel's image without its disk would look as if it could be booted. */
    private void register(ApiClient api, String id, RootDisk disk) throws Failure, InterruptedException, IOException {
        Printer printer = output.printer();
        FileUpload upload = new FileUpload(api, surroundings);
        long installed;
        try (Stream<String> lines = Files.lines(disk.packages())) {
            installed = lines.count();
        }
        String description = "Debian " + suite + ", " + installed + " packages";
        DiskImage.Format messageFormat = switch (disk.format()) {
            case QCOW2 -> DiskImage.Format.QCOW2;
            case RAW -> DiskImage.Format.RAW;
        };
        Image diskImage = Image.newBuilder().setDescription(description)
                .setDiskImage(
                        DiskImage.newBuilder().setFile(upload.send(disk.disk()).file()).setFormat(messageFormat))
                .build();
        Image kernelImage = Image.newBuilder().setDescription(description + ": its kernel")
                .setKernelImage(KernelImage.newBuilder().setKernel(upload.send(disk.kernel()).file())
                        .setInitramfs(upload.send(disk.initramfs()).file()).setCommandLine(RootDisk.COMMAND_LINE))
                .build();
        add(api, printer, id + "-disk", diskImage);
        add(api, printer, id, kernelImage);
    }

    private void add(ApiClient api, Printer printer, String id, Image image) throws Failure {
        CreateImageRequest request = CreateImageRequest.newBuilder().setImageId(id).setImage(image)
                .setRequestId(UUID.randomUUID().toString()).build();
        Image added = api.call("image " + id + " was not added", () -> api.images().createImage(request));
        printer.outcome(ImageKind.at(surroundings.clock()), added, "added " + id);
    }

    private void tell(String text) {
        if (output.format() == OutputFormat.TABLE) {
            surroundings.out().println(text);
        }
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) {
                Files.delete(path);
            }
        }
    }
}
