package io.drover.cli.image;

import io.drover.cli.api.ResourceNames;
import io.drover.cli.output.Column;
import io.drover.cli.output.Detail;
import io.drover.cli.output.Kind;
import io.drover.cli.output.Quantity;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.ImageFile;
import java.time.Clock;
import java.util.List;
import java.util.Locale;

/** How images are shown. */
final class ImageKind {
    private static final int SHORT_DIGEST = 12;

    private ImageKind() {}

    static Kind<Image> at(Clock clock) {
        return new Kind<>("images", Image::getName,
                List.of(Column.of("NAME", image -> ResourceNames.IMAGE.id(image.getName())),
                        Column.of("KIND", ImageKind::kind),
                        Column.of("SIZE", image -> Quantity.bytes(size(image))), Column.of("SHA256", ImageKind::digest),
                        Column.of("AGE", image -> Quantity.age(image.getCreateTime(), clock)),
                        Column.of("DESCRIPTION", Image::getDescription)),
                ImageKind::details);
    }

    private static String kind(Image image) {
        return switch (image.getSourceCase()) {
            case KERNEL_IMAGE -> "kernel";
            case DISK_IMAGE -> image.getDiskImage().getFormat().name().toLowerCase(Locale.ROOT) + " disk";
            case SOURCE_NOT_SET -> "";
        };
    }

    private static long size(Image image) {
        return switch (image.getSourceCase()) {
            case KERNEL_IMAGE -> image.getKernelImage().getKernel().getSizeBytes()
                    + image.getKernelImage().getInitramfs().getSizeBytes();
            case DISK_IMAGE -> image.getDiskImage().getFile().getSizeBytes();
            case SOURCE_NOT_SET -> 0;
        };
    }

    private static String digest(Image image) {
        String digest = switch (image.getSourceCase()) {
            case KERNEL_IMAGE -> image.getKernelImage().getKernel().getSha256();
            case DISK_IMAGE -> image.getDiskImage().getFile().getSha256();
            case SOURCE_NOT_SET -> "";
        };
        return digest.substring(0, Math.min(SHORT_DIGEST, digest.length()));
    }

    private static List<Detail> details(Image image) {
        Detail.Sheet sheet = new Detail.Sheet().add("Name", ResourceNames.IMAGE.id(image.getName()))
                .add("Kind", kind(image))
                .add("Description", image.getDescription());
        switch (image.getSourceCase()) {
            case KERNEL_IMAGE -> {
                sheet.add("Kernel", file(image.getKernelImage().getKernel()));
                if (image.getKernelImage().hasInitramfs()) {
                    sheet.add("Initramfs", file(image.getKernelImage().getInitramfs()));
                }
                sheet.add("Command line", image.getKernelImage().getCommandLine());
            }
            case DISK_IMAGE -> sheet.add("File", file(image.getDiskImage().getFile()));
            case SOURCE_NOT_SET -> sheet.add("Source", "none that this drover knows");
        }
        return sheet.add("Created", Quantity.time(image.getCreateTime())).details();
    }

    private static String file(ImageFile file) {
        return (file.getFileName().isEmpty() ? "" : file.getFileName() + ", ") + Quantity.bytes(file.getSizeBytes())
                + "\n"
                + file.getSha256();
    }
}
