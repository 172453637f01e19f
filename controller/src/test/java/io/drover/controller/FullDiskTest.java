package io.drover.controller;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.drover.controller.record.Sha256;
import io.drover.proto.v1.ImageFile;
import io.drover.proto.v1.UploadFileRequest;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An upload for which the controller has no room. */
final class FullDiskTest {
    @TempDir
    private Path data;

    @Test
    void uploadThatFillsTheDiskIsRefusedAndLeavesTheRoomAsItWas() throws Exception {
        Path files = Files.createDirectories(data.resolve("files"));
        try (SmallDisk _ = SmallDisk.mount(files, 1 << 20); Cloud cloud = Cloud.start(data)) {
            byte[] large = new byte[4 << 20];
            Refusals refusal = Refusals.of(() -> upload(cloud, large));
            assertThat(refusal.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            assertThat(refusal.reason()).isEqualTo("DISK_FULL");
            assertThat(refusal.info().getMetadataOrThrow("resource")).isEqualTo("files/" + Sha256.of(large));
            assertThat(refusal.info().getMetadataOrThrow("next_step")).contains("make room");
            try (Stream<Path> left = Files.list(files.resolve("unfinished"))) {
                assertThat(left).isEmpty();
            }
            assertThat(upload(cloud, new byte[512 << 10]).getSizeBytes()).isEqualTo(512 << 10);
        }
    }

    private static ImageFile upload(Cloud cloud, byte[] bytes) throws Exception {
        var call = cloud.images().uploadFile();
        call.write(UploadFileRequest.newBuilder().setFile(ImageFile.newBuilder().setSha256(Sha256.of(bytes).hex())
                .setSizeBytes(bytes.length).setFileName("file")).build());
        boolean wanted = true;
        for (int at = 0; at < bytes.length && wanted; at += 256 << 10) {
            // False when the controller has answered already.
            wanted = call.write(UploadFileRequest.newBuilder()
                    .setData(ByteString.copyFrom(bytes, at, Math.min(256 << 10, bytes.length - at))).build());
        }
        call.halfClose();
        return call.read();
    }
}
