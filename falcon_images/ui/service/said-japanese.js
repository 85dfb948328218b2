/**
 * What the service says went wrong, in Japanese: what each title means, and the sentences that
 * people meet oftenest, with what stands in them.
 */
export const SAID_JAPANESE = {
  /** @type {Record<string, string>} */
  titles: {
    'Invalid request': '要求の内容が正しくありません', 'Bad Request': '要求の内容が正しくありません', 'Not found': '見つかりません',
    'Not Found': '見つかりません', 'Method Not Allowed': 'ここではできない操作です', Conflict: '他の変更と競合しました',
    'Precondition failed': '他の人が先に変更しました', 'Too large': '大きすぎます', 'URI Too Long': '条件が長すぎます',
    'Unsupported Media Type': '対応していない種類のデータです', 'Not an image': '画像ではありません',
    'Not an archive': 'アーカイブではありません', 'Key used before': 'キーはすでに使われています', 'Not whole': 'ファイルが途中で切れています',
    'Too busy': 'サービスが混み合っています', 'Too many uploads': 'アップロードが多すぎます', 'Too many questions': '集計の要求が多すぎます',
    'Too many thumbnails': 'サムネイルの要求が多すぎます', 'Database unavailable': 'データベースが応答しません',
    'Query too slow': '検索に時間がかかりすぎました', 'Storage unavailable': 'ディスクを使用できません', 'Disk full': 'ディスクに空きがありません',
    'Internal server error': 'サービスで問題が発生しました', 'Token required': 'トークンが必要です', 'Token refused': 'トークンが認められません',
    'Identification unavailable': 'トークンを確認できません', 'Range not satisfiable': '範囲がファイルの外にあります',
  },
  /** @type {[RegExp, string][]} */
  sentences: [
    [/^The collection "(.*)" does not exist\.$/s, 'コレクション「$1」はありません。'],
    [/^The collection does not exist\.$/, 'コレクションがありません。'],
    [/^The collection "(.*)" has no image with the id (\w+)\.$/s, 'コレクション「$1」に ID が $2 の画像はありません。'],
    [/^The collection name (.*) cannot be used: .*$/s, 'コレクション名 $1 は使用できません。'],
    [/^The file is not an image of a known format: .*$/, '対応する形式の画像ではありません。AVIF、BMP、GIF、JPEG、JPEG 2000、PNG、PNM、SVG、TIFF、WebP を送信してください。'],
    [/^The query took too long; .*$/, '検索に時間がかかりすぎました。条件を減らすか、件数を絞ってください。'],
    [/^The database does not answer; .*$/, 'データベースが応答しません。数秒後にもう一度お試しください。'],
    [/^The disk is full, .*$/, 'ディスクに空きがないため、何も保存されませんでした。空きを作ってから再送してください。'],
    [/^The disk does not work; .*$/, 'ディスクを使用できません。しばらくしてからもう一度お試しください。'],
    [/^Others change this image all the time; .*$/, 'この画像は他で変更され続けています。もう一度お試しください。'],
    [/^The time in which the change could be reverted is over\.$/, 'この変更を元に戻せる期間は過ぎました。'],
    [/^The collection has no change with the id (\w+); .*$/, 'ID が $1 の変更はありません。期限が過ぎた可能性があります。'],
    [/^The change is being worked on; .*$/, 'この変更は処理中です。30秒ほどしてからもう一度お試しください。'],
    [/^Somebody else works on this change now, .*$/, 'この変更は他で処理中か、コレクションが削除されました。'],
    [/^The collection of this change was dropped; .*$/, 'この変更のコレクションは削除されたため、元に戻せません。'],
    [/^(\d+) images match, not (\d+); nothing was changed\.$/, '一致する画像は $2 件ではなく $1 件です。何も変更されていません。'],
    [/^The service works on as many .*$/, 'サービスが混み合っています。少し待ってからもう一度お試しください。'],
    [/^Tokens cannot be checked now; .*$/, '現在トークンを確認できません。数秒後にもう一度お試しください。'],
    [/^The service failed; .*$/, 'サービスで問題が発生しました。もう一度お試しください。続く場合は管理者にお知らせください。'],
    [/^The (\w+) has more than (\d+) bytes \(\w+\)\.$/, '$2 バイトを超えています（$1）。'],
    [/^The properties have more than (\d+) bytes .*$/, 'プロパティが $1 バイトを超えています。'],
  ],
};
