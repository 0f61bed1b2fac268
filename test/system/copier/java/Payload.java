// The value of a record of a copy: who it is, what it is a copy of, and bytes that follow from that.
//
//   byte 0      4      8           12       20       24
//        +------+------+-----------+--------+--------+--------+--------…
//        |sender|number|origin     |origin  |origin  |origin  |filler
//        |      |      |partition  |offset  |sender  |number  |
//        +------+------+-----------+--------+--------+--------+--------…
//
// Big-endian. What is no copy has origin offset -1. Byte i of the filler of number n is 31 n + 7 i, and
// there are n * 2654435761 >> 24 bytes of it, so that every reader knows what has to be there. A copy
// has the filler of its origin, each byte xor 0x5a.

import java.nio.ByteBuffer;

final class Payload {
  static final int HEADER_BYTES = 28;
  static final Payload NONE = new Payload(0, 0, 0, -1, 0, 0);

  private static final int TRANSFORM = 0x5a;

  final int sender;
  final int number;
  final int originPartition;
  final long originOffset;
  final int originSender;
  final int originNumber;

  Payload(
      int sender,
      int number,
      int originPartition,
      long originOffset,
      int originSender,
      int originNumber) {
    this.sender = sender;
    this.number = number;
    this.originPartition = originPartition;
    this.originOffset = originOffset;
    this.originSender = originSender;
    this.originNumber = originNumber;
  }

  static Payload original(int sender, int number) {
    return new Payload(sender, number, 0, -1, 0, 0);
  }

  /** What a client sends, under a number of its own, for a record that it read. */
  Payload copy(int bySender, int asNumber, int partition, long offset) {
    return new Payload(bySender, asNumber, partition, offset, sender, number);
  }

  /** Nothing, for what is not even as long as a header. */
  static Payload read(byte[] value) {
    if (value == null || value.length < HEADER_BYTES) return NONE;
    ByteBuffer bytes = ByteBuffer.wrap(value);
    return new Payload(
        bytes.getInt(), bytes.getInt(), bytes.getInt(), bytes.getLong(), bytes.getInt(), bytes.getInt());
  }

  /** The value of a record that is no copy. */
  byte[] bytes() {
    byte[] value = header(fillerBytes(number));
    for (int i = 0; HEADER_BYTES + i < value.length; i++) value[HEADER_BYTES + i] = filler(number, i);
    return value;
  }

  /** The value of a copy of `origin`: what was read is transformed, not what should have been read. */
  byte[] transformed(byte[] origin) {
    byte[] value = header(origin.length - HEADER_BYTES);
    for (int i = HEADER_BYTES; i < value.length; i++) value[i] = (byte) (origin[i] ^ TRANSFORM);
    return value;
  }

  /** Whether the bytes are not those that this payload has. */
  boolean isDamagedIn(byte[] value) {
    if (value == null) return true;
    boolean isCopy = originOffset >= 0;
    int like = isCopy ? originNumber : number;
    if (value.length != HEADER_BYTES + fillerBytes(like)) return true;
    for (int i = 0; HEADER_BYTES + i < value.length; i++) {
      int expected = filler(like, i) ^ (isCopy ? TRANSFORM : 0);
      if (value[HEADER_BYTES + i] != (byte) expected) return true;
    }
    return false;
  }

  private byte[] header(int fillerBytes) {
    byte[] value = new byte[HEADER_BYTES + fillerBytes];
    ByteBuffer.wrap(value).putInt(sender).putInt(number).putInt(originPartition).putLong(originOffset)
        .putInt(originSender).putInt(originNumber);
    return value;
  }

  private static int fillerBytes(int number) {
    return (number * 0x9e3779b1) >>> 24;
  }

  private static byte filler(int number, int i) {
    return (byte) (31 * number + 7 * i);
  }
}
