// The browser is a system one, found by CHROME_PATH or in the usual places: nothing is downloaded.
module.exports = { skipDownload: true };
