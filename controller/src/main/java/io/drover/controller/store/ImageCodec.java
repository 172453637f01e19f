package io.drover.controller.store;

import com.google.protobuf.InvalidProtocolBufferException;
import io.drover.controller.record.Image;
import io.drover.controller.record.ImageId;
import io.drover.controller.record.Sha256;
import io.drover.proto.state.v1.ImageRecord;
import java.util.Optional;

/** Images as they are in ZooKeeper. */
final class ImageCodec {
    private ImageCodec() {}

    static byte[] encode(Image image) {
        ImageRecord.Builder record = ImageRecord.newBuilder().setFormat(Layout.FORMAT).setImage(image.id().value())
                .setDescription(image.description()).setCreateTime(Timestamps.of(image.created()))
                .setRequestId(image.requestId());
        switch (image.source()) {
            case Image.Kernel(Image.ImageFile kernel, Optional<Image.ImageFile> initramfs, String commandLine) -> {
                ImageRecord.KernelImage.Builder source = ImageRecord.KernelImage.newBuilder().setKernel(encode(kernel))
                        .setCommandLine(commandLine);
                initramfs.ifPresent(file -> source.setInitramfs(encode(file)));
                record.setKernelImage(source);
            }
            case Image.Disk(Image.ImageFile file, Image.Disk.Format format) -> record.setDiskImage(
                    ImageRecord.DiskImage.newBuilder().setFile(encode(file)).setFormat(switch (format) {
                        case RAW -> "raw";
                        case QCOW2 -> "qcow2";
                    }));
        }
        return record.build().toByteArray();
    }

    static Image decode(byte[] bytes) throws UnreadableRecordException {
        try {
            ImageRecord record = ImageRecord.parseFrom(bytes);
            Layout.requireFormat(record.getFormat());
            return new Image(new ImageId(record.getImage()), source(record), record.getDescription(),
                    Timestamps.read(record.getCreateTime()), record.getRequestId());
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new UnreadableRecordException("image record : " + bytes.length + " bytes (expected: an ImageRecord): "
                    + e.getMessage(), e);
        }
    }

    private static Image.Source source(ImageRecord record) {
        return switch (record.getSourceCase()) {
            case KERNEL_IMAGE -> {
                ImageRecord.KernelImage source = record.getKernelImage();
                yield new Image.Kernel(decode(source.getKernel()),
                        source.hasInitramfs() ? Optional.of(decode(source.getInitramfs())) : Optional.empty(),
                        source.getCommandLine());
            }
            case DISK_IMAGE -> new Image.Disk(decode(record.getDiskImage().getFile()),
                    switch (record.getDiskImage().getFormat()) {
                        case "raw" -> Image.Disk.Format.RAW;
                        case "qcow2" -> Image.Disk.Format.QCOW2;
                        default ->
                            throw new IllegalArgumentException("disk format : " + record.getDiskImage().getFormat());
                    });
            case SOURCE_NOT_SET -> throw new IllegalArgumentException("image " + record.getImage() + " has no source");
        };
    }

    private static ImageRecord.File encode(Image.ImageFile file) {
        return ImageRecord.File.newBuilder().setSha256(file.sha256().hex()).setSizeBytes(file.sizeBytes())
                .setFileName(file.fileName()).build();
    }

    private static Image.ImageFile decode(ImageRecord.File file) {
        return new Image.ImageFile(new Sha256(file.getSha256()), file.getSizeBytes(), file.getFileName());
    }
}
