package io.drover.cli.image;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.FileUpload;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.api.Upload;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.cli.output.OutputFormat;
import io.drover.cli.output.Printer;
import io.drover.proto.v1.CreateImageRequest;
import io.drover.proto.v1.DiskImage;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.ImageFile;
import io.drover.proto.v1.KernelImage;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "add",
        description = "Upload the files of an image and register it. A file that is there already is not sent.",
        footer = {
                "",
                "Example: drover image add debian --kernel vmlinuz --initramfs initrd.img --command-line console=ttyS0"})
final class ImageAdd implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin(name = "output")
    private OutputOptions output;
    @Mixin(name = "connection")
    private ConnectionOptions connection;
    @Parameters(paramLabel = "NAME", description = "1 to 63 of a-z, 0-9 and '-'; begins with a letter.")
    private String name = "";
    @Option(names = "--kernel", paramLabel = "FILE",
            description = "A bzImage, or an ELF vmlinux with a PVH note.")
    private Optional<Path> kernel = Optional.empty();
    @Option(names = "--initramfs", paramLabel = "FILE", description = "With --kernel: its initramfs.")
    private Optional<Path> initramfs = Optional.empty();
    @Option(names = "--command-line", paramLabel = "TEXT",
            description = "With --kernel: what the kernel is told, at most 2,047 bytes.")
    private Optional<String> commandLine = Optional.empty();
    @Option(names = "--disk", paramLabel = "FILE", description = "A disk image, instead of a kernel.")
    private Optional<Path> disk = Optional.empty();
    @Option(names = "--format", paramLabel = "FORMAT", description = "With --disk: raw or qcow2; never guessed.")
    private Optional<Format> format = Optional.empty();
    @Option(names = "--description", paramLabel = "TEXT", description = "For people.")
    private String description = "";
    @Option(names = "--request-id", paramLabel = "UUID", description = "Makes the request safe to repeat.")
    private Optional<String> requestId = Optional.empty();

    /** What a disk image may be. */
    enum Format {
        RAW(DiskImage.Format.RAW), QCOW2(DiskImage.Format.QCOW2);

        private final DiskImage.Format message;

        Format(DiskImage.Format message) {
            this.message = message;
        }
    }

    ImageAdd(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws Failure, InterruptedException {
        String id = ResourceNames.IMAGE.id(name);
        Printer printer = output.printer();
        checkSource(id);
        try (ApiClient api = connection.connect()) {
            Image.Builder image = Image.newBuilder().setDescription(description);
            if (kernel.isPresent()) {
                KernelImage.Builder message = image.getKernelImageBuilder().setKernel(upload(api, kernel.get()))
                        .setCommandLine(commandLine.orElse(""));
                if (initramfs.isPresent()) {
                    message.setInitramfs(upload(api, initramfs.get()));
                }
            } else {
                image.setDiskImage(DiskImage.newBuilder().setFile(upload(api, disk.orElseThrow()))
                        .setFormat(format.orElseThrow().message));
            }
            CreateImageRequest request = CreateImageRequest.newBuilder().setImageId(id).setImage(image)
                    .setRequestId(requestId.orElseGet(() -> UUID.randomUUID().toString())).build();
            Image added = api.call("image " + id + " was not added", () -> api.images().createImage(request));
            printer.outcome(ImageKind.at(surroundings.clock()), added, "added " + id);
        }
        return ExitCode.OK.number();
    }

    /** A kernel with what belongs to it, or a disk with its format. */
    private void checkSource(String id) throws Failure {
        boolean ofKernel = kernel.isPresent() && disk.isEmpty() && format.isEmpty();
        boolean ofDisk = disk.isPresent() && format.isPresent() && kernel.isEmpty() && initramfs.isEmpty()
                && commandLine.isEmpty();
        if (!ofKernel && !ofDisk) {
            throw new Failure(ExitCode.ERROR, "image " + id + " was not added", "it is not clear what it is made of",
                    "give --kernel FILE [--initramfs FILE] [--command-line TEXT], or --disk FILE --format raw|qcow2");
        }
    }

    private ImageFile upload(ApiClient api, Path path) throws Failure, InterruptedException {
        Upload.Outcome outcome = new FileUpload(api, surroundings).send(path);
        if (outcome.wasThere() && output.format() == OutputFormat.TABLE) {
            surroundings.out().println(path.getFileName() + " is there already: not sent");
        }
        return outcome.file();
    }
}
