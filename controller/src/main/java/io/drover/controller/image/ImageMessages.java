package io.drover.controller.image;

import io.drover.controller.problem.Violations;
import io.drover.controller.record.Image;
import io.drover.controller.record.Sha256;
import io.drover.controller.store.Timestamps;
import io.drover.controller.vm.VmSpecs;
import io.drover.proto.v1.DiskImage;
import io.drover.proto.v1.ImageFile;
import io.drover.proto.v1.KernelImage;
import java.util.Optional;

/** Images in the public API: checked on the way in, shown on the way out. */
final class ImageMessages {
    private static final int MAX_FILE_NAME_CHARS = 255;
    private static final int MAX_DESCRIPTION_CHARS = 1_000;

    private ImageMessages() {}

    static io.drover.proto.v1.Image of(Image image) {
        io.drover.proto.v1.Image.Builder message = io.drover.proto.v1.Image.newBuilder()
                .setName(image.id().resourceName())
                .setDescription(image.description()).setCreateTime(Timestamps.of(image.created()));
        switch (image.source()) {
            case Image.Kernel(Image.ImageFile kernel, Optional<Image.ImageFile> initramfs, String commandLine) -> {
                KernelImage.Builder source = KernelImage.newBuilder().setKernel(of(kernel)).setCommandLine(commandLine);
                initramfs.ifPresent(file -> source.setInitramfs(of(file)));
                message.setKernelImage(source);
            }
            case Image.Disk(Image.ImageFile file, Image.Disk.Format format) ->
                message.setDiskImage(DiskImage.newBuilder().setFile(of(file)).setFormat(switch (format) {
                    case RAW -> DiskImage.Format.RAW;
                    case QCOW2 -> DiskImage.Format.QCOW2;
                }));
        }
        return message.build();
    }

    static ImageFile of(Image.ImageFile file) {
        return ImageFile.newBuilder().setSha256(file.sha256().hex()).setSizeBytes(file.sizeBytes())
                .setFileName(file.fileName())
                .build();
    }

    /**
     * What a client asks to register.
     *
     * @return empty when anything is wrong with it
     */
    static Optional<Image.Source> read(io.drover.proto.v1.Image image, Violations violations) {
        violations.require(image.getDescription().length() <= MAX_DESCRIPTION_CHARS, "image.description",
                image.getDescription().length() + " characters (expected: at most " + MAX_DESCRIPTION_CHARS + ")");
        return switch (image.getSourceCase()) {
            case KERNEL_IMAGE -> {
                KernelImage source = image.getKernelImage();
                VmSpecs.commandLine(source.getCommandLine(), "image.kernel_image.command_line", violations);
                Optional<Image.ImageFile> kernel = file(source.getKernel(), "image.kernel_image.kernel", violations);
                if (!source.hasInitramfs()) {
                    yield kernel.map(file -> new Image.Kernel(file, Optional.empty(), source.getCommandLine()));
                }
                Optional<Image.ImageFile> initramfs = file(source.getInitramfs(), "image.kernel_image.initramfs",
                        violations);
                yield kernel.isPresent() && initramfs.isPresent()
                        ? Optional.of(new Image.Kernel(kernel.get(), initramfs, source.getCommandLine()))
                        : Optional.empty();
            }
            case DISK_IMAGE -> {
                Optional<Image.ImageFile> file = file(image.getDiskImage().getFile(), "image.disk_image.file",
                        violations);
                Optional<Image.Disk.Format> format = switch (image.getDiskImage().getFormat()) {
                    case RAW -> Optional.of(Image.Disk.Format.RAW);
                    case QCOW2 -> Optional.of(Image.Disk.Format.QCOW2);
                    case FORMAT_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
                };
                violations.require(format.isPresent(), "image.disk_image.format", image.getDiskImage().getFormatValue()
                        + " (expected: RAW or QCOW2; it is never guessed from the bytes)");
                yield file.isPresent() && format.isPresent()
                        ? Optional.of(new Image.Disk(file.get(), format.get()))
                        : Optional.empty();
            }
            case SOURCE_NOT_SET -> {
                violations.add("image", "has no source (expected: kernel_image or disk_image)");
                yield Optional.empty();
            }
        };
    }

    static Optional<Image.ImageFile> file(ImageFile file, String field, Violations violations) {
        boolean formed = Sha256.holds(file.getSha256());
        violations.require(formed, field + ".sha256",
                Violations.quoted(file.getSha256()) + " (expected: 64 lower-case hexadecimal digits)");
        violations.require(file.getSizeBytes() >= 0, field + ".size_bytes",
                file.getSizeBytes() + " (expected: 0 or more)");
        violations.require(file.getFileName().length() <= MAX_FILE_NAME_CHARS, field + ".file_name",
                file.getFileName().length() + " characters (expected: at most " + MAX_FILE_NAME_CHARS + ")");
        return formed
                ? Optional
                        .of(new Image.ImageFile(new Sha256(file.getSha256()), file.getSizeBytes(), file.getFileName()))
                : Optional.empty();
    }
}
